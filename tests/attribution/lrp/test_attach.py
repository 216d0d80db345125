"""What attaching the rules changes, and that nothing of it stays or reaches another model."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from attribution.errors import Cancelled
from attribution.graphs.raw import RawGraph
from attribution.lrp.families import rules_for
from attribution.lrp.graph import GraphSettings, build_raw_graph
from attribution.lrp.objective import Objective
from attribution.lrp.refine import refine
from attribution.lrp.relevance import Relevance, attribute
from attribution.lrp.rules.attach import attached
from attribution.lrp.rules.backward_trace import BackwardTrace
from attribution.lrp.settings import Method, PassSettings
from tests.attribution.giving_up import GiveUp
from tests.attribution.lrp.tiny import FAMILIES, Shape, build, build_config, logits, tokens

families = pytest.mark.parametrize("family", FAMILIES)


def trace(method: Method = Method.ATTNLRP) -> BackwardTrace:
    return BackwardTrace(PassSettings(method))


def state(model: Any) -> dict[str, Any]:
    """Everything about an instance that attaching could change, by identity."""
    found: dict[str, Any] = {"config": model.config.to_dict(), "grad": {}}
    found["implementation"] = model.config._attn_implementation
    for name, parameter in model.named_parameters():
        found["grad"][name] = (id(parameter), parameter.requires_grad, parameter.grad)
    for name, module in model.named_modules():
        for key, value in vars(module).items():
            found[f"{name}/{key}"] = dict(value) if isinstance(value, dict) else id(value)
    return found


@families
@pytest.mark.parametrize("method", list(Method))
def test_logits_do_not_change_while_attached(family: str, method: Method) -> None:
    model, ids = build(Shape(family, window=4)), tokens(12)
    plain = logits(model, ids)
    with attached(model, rules_for(model), trace(method)):
        assert torch.equal(logits(model, ids), plain)


@families
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_do_not_change_in_lower_precision(family: str, dtype: torch.dtype) -> None:
    model, ids = build(Shape(family), dtype=dtype), tokens(12)
    plain = logits(model, ids)
    with attached(model, rules_for(model), trace()):
        assert torch.equal(logits(model, ids), plain)


def graph_of(model: Any, ids: torch.Tensor, **settings: Any) -> RawGraph:
    graph_settings = GraphSettings(
        layers=(1,), midpoints=True
    )  # transitions that skip layers among them
    return build_raw_graph(model, ids, Objective(3, 5), graph_settings, PassSettings(**settings))


PASSES: dict[str, Callable[[Any, torch.Tensor], object]] = {
    **{
        str(method): partial(attribute, objective=Objective(3, 5), settings=PassSettings(method))
        for method in Method
    },
    "anew": partial(attribute, objective=Objective(3, 5), settings=PassSettings(recompute=True)),
    "graph": graph_of,
    "graph anew": partial(graph_of, recompute=True),
    "graph by cplrp": partial(graph_of, method=Method.CPLRP),
    "refine": partial(refine, objective=Objective(3, 5), nodes=[(0, 1), (4, 9)]),
    "refine anew": partial(
        refine, objective=Objective(3, 5), nodes=[(1, 1)], settings=PassSettings(recompute=True)
    ),
}


@families
@pytest.mark.parametrize("name", PASSES)
def test_the_model_is_as_it_was_afterwards(family: str, name: str) -> None:
    model, ids = build(Shape(family, layers=3, window=4)), tokens(10)
    next(model.base_model.parameters()).requires_grad_(
        False
    )  # a mixture must come back as a mixture
    before, plain = state(model), logits(model, ids)
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    PASSES[name](model, ids)
    assert state(model) == before
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())
    assert torch.equal(logits(model, ids), plain)


@families
@pytest.mark.parametrize("after", [1, 2, 3, 4])  # two layers forward, two backward
def test_cancelling_at_any_layer_leaves_the_model_as_it_was(family: str, after: int) -> None:
    model, ids = build(Shape(family, layers=2)), tokens(10)
    before, plain = state(model), logits(model, ids)
    with pytest.raises(Cancelled):
        attribute(model, ids, Objective(3, 5), PassSettings(checkpoint=GiveUp(after)))
    assert state(model) == before
    assert torch.equal(logits(model, ids), plain)


@pytest.mark.parametrize("method", [m for m in Method if m is not Method.INTEGRATED])
def test_the_checkpoint_is_called_at_every_layer_both_ways(method: Method) -> None:
    never = GiveUp(after=0)
    attribute(build(Shape(layers=3)), tokens(5), Objective(3, 5), PassSettings(method, never))
    assert never.calls == 6


def test_an_error_while_attached_leaves_the_model_as_it_was() -> None:
    model = build(Shape("qwen2"))
    before = state(model)

    def fail() -> None:
        with attached(model, rules_for(model), trace()):
            assert state(model) != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert state(model) == before


def test_an_error_while_attaching_leaves_the_model_as_it_was() -> None:
    model = build(Shape("qwen2"))
    before = state(model)
    rules = {cls: rule for cls, rule in rules_for(model).items() if cls is not torch.nn.Linear}
    with pytest.raises(KeyError), attached(model, rules, trace()):
        pass
    assert state(model) == before


def gradient(model: Any, ids: torch.Tensor) -> torch.Tensor:
    embedded = model.get_input_embeddings()(ids[None]).detach().requires_grad_()
    last = model(inputs_embeds=embedded, use_cache=False).logits[0, -1]
    (grad,) = torch.autograd.grad(last[3] - last[5], embedded)
    return grad


@families
@pytest.mark.parametrize("share_config", [True, False])
def test_another_model_keeps_its_plain_gradients(family: str, share_config: bool) -> None:
    config = build_config(Shape(family))
    one = build(Shape(family), config)
    other = build(Shape(family, seed=1), config if share_config else None)
    assert (one.config is other.config) == share_config
    ids, before = tokens(10), state(other)
    plain_logits, plain_gradient = logits(other, ids), gradient(other, ids)
    with attached(one, rules_for(one), trace()):
        assert state(other) == before
        assert torch.equal(logits(other, ids), plain_logits)
        assert torch.equal(gradient(other, ids), plain_gradient)


@families
def test_two_models_attached_at_once_are_recorded_separately(family: str) -> None:
    """One of the same family with the same config, and one of another family."""
    config, other_family = build_config(Shape(family)), FAMILIES[FAMILIES.index(family) - 1]
    one, ids = build(Shape(family), config), tokens(10)
    for other in (build(Shape(family, seed=1), config), build(Shape(other_family))):
        wanted = [
            (attribute(model, ids, Objective(3, 5)), graph_of(model, ids)) for model in (one, other)
        ]
        inside: list[tuple[Relevance, RawGraph]] = []

        def attribute_other(other: Any = other, inside: list[Any] = inside) -> None:
            if not inside:
                inside.append((attribute(other, ids, Objective(3, 5)), graph_of(other, ids)))

        outer = attribute(one, ids, Objective(3, 5), PassSettings(checkpoint=attribute_other))
        around = graph_of(one, ids, checkpoint=partial(attribute, other, ids, Objective(3, 5)))
        for found, (relevance, graph) in zip(((outer, around), *inside), wanted, strict=True):
            assert torch.equal(found[0].nodes, relevance.nodes)
            assert (found[0].leak, found[0].bias) == (relevance.leak, relevance.bias)
            for a, b in zip(found[1].transitions, graph.transitions, strict=True):
                assert np.array_equal(a.weights, b.weights)


def test_parameters_gather_no_gradient() -> None:
    model = build(Shape("qwen3"))
    attribute(model, tokens(6), Objective(3, 5))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_modules_placed_by_accelerate_keep_its_hooks() -> None:
    hooks = pytest.importorskip("accelerate.hooks")
    model, ids = build(Shape("qwen2", layers=2)), tokens(9)
    wanted = attribute(model, ids, Objective(3, 5))
    seen: list[torch.nn.Module] = []

    class Mover(hooks.ModelHook):  # type: ignore[name-defined]
        def pre_forward(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            seen.append(module)
            return args, kwargs

    placed = [*model.modules()][1:]
    for module in placed:
        hooks.add_hook_to_module(module, Mover())
    logits(model, ids)
    plain, before = set(seen), state(model)
    seen.clear()
    found = attribute(model, ids, Objective(3, 5))
    assert set(seen) == plain - {model.lm_head}  # its two rows are read without calling it
    assert torch.equal(found.relevance, wanted.relevance)
    assert state(model) == before


def test_nothing_is_kept_alive_between_attributions() -> None:
    """A reference cycle would hold a whole backward graph until the collector runs."""
    import gc
    import weakref

    model, kept = build(Shape("qwen2")), []

    def watch(_module: object, _inputs: object, output: torch.Tensor) -> None:
        kept.append(weakref.ref(output))

    model.model.layers[0].mlp.down_proj.register_forward_hook(watch)
    attribute(model, tokens(6), Objective(3, 5))
    gc.disable()
    try:
        attribute(model, tokens(6), Objective(3, 5))
        assert [reference() for reference in kept[1:]] == [None]
    finally:
        gc.enable()
