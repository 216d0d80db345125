"""Relevance, graph and trust of one pair in a tiny model, as the engine asks for them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import explaining
from attribution.errors import Cancelled, InvalidRequest, ResourceExhausted
from attribution.explaining import Case
from attribution.generation import Split, from_text
from attribution.job import Job
from attribution.lrp.ledger import Method
from attribution.lrp.memory import estimate
from attribution.lrp.objective import ObjectiveKind
from attribution.models.loader import LoadedModel
from attribution.schema import (
    AttributionGraph,
    ContrastPair,
    Dataset,
    Document,
    Event,
    ExplainRequest,
    Form,
    GraphRequest,
    NodeKind,
    Origin,
    Perturbation,
    Progress,
    Role,
    Suite,
    Task,
    TokenChoice,
)
from tests.attribution.lrp.test_patch import state

HEAD = 'def f(x: int) -> int:\n    """Add one."""\n'
TASK = Task("HumanEval/0", Dataset.HUMANEVAL, HEAD, "f", "", (Suite.BASE,))
EVERYTHING = GraphRequest(ExplainRequest(""), node_threshold=0.0, mass=1.0, reach=False)


def carry_on() -> None:
    pass


def job(events: list[Event] | None = None, checkpoint: Callable[[], None] = carry_on) -> Job:
    return Job((events if events is not None else []).append, checkpoint)


class GiveUp:
    """A checkpoint that gives up at its `after`-th call."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cancelled


@pytest.fixture(scope="module")
def loaded(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    return LoadedModel(model, tokenizer, "tiny", "f", torch.device("cpu"), torch.float64)


@pytest.fixture(scope="module")
def case(loaded: LoadedModel) -> Case:
    """What the model says behind "return", against its second choice there."""
    generation = from_text(TASK, Split(Form.DIRECT, HEAD, "    return x + 1\n"), loaded.tokenizer)
    texts = [token.text for token in generation.tokens]
    position = len(texts) - texts[::-1].index(" return")
    target = generation.tokens[position]
    ids = torch.tensor([token.id for token in generation.tokens[:position]])
    with torch.no_grad():
        logits = loaded.model(ids[None]).logits[0, -1]
    contrast = next(i for i in logits.topk(2).indices.tolist() if i != target.id)
    pair = ContrastPair(
        position,
        TokenChoice(target.id, target.text, int((logits > logits[target.id]).sum()) + 1),
        TokenChoice(contrast, loaded.tokenizer.decode([contrast]), 1),
        float(logits[target.id] - logits[contrast]),
        Origin.VERIFIED,
    )
    return Case(loaded, generation, pair, Method.ATTNLRP, ObjectiveKind.CONTRAST)


def last_logits(case: Case) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = case.loaded.model(case.ids[None]).logits[0, -1]
    return found


def by_hand(case: Case) -> float:
    """The objective from its definition."""
    logits = last_logits(case)
    target = logits[case.pair.target.id]
    against = {
        ObjectiveKind.CONTRAST: logits[case.pair.contrast.id],
        ObjectiveKind.TARGET: torch.zeros(()),
        ObjectiveKind.TOP: logits.topk(10).values.mean(),
        ObjectiveKind.MEAN: logits.mean(),
    }
    return float(target - against[case.kind])


# Relevance


@pytest.mark.parametrize("kind", list(ObjectiveKind))
@pytest.mark.parametrize("method", list(Method))
def test_relevance_tells_what_it_is_of(case: Case, method: Method, kind: ObjectiveKind) -> None:
    case = evolve(case, method=method, kind=kind)
    found = explaining.relevance(case, job())
    assert (found.method, found.objective, found.pair) == (method.value, kind.value, case.pair)
    assert len(found.relevance) == case.pair.position
    assert found.logit_diff == pytest.approx(by_hand(case))
    assert sum(found.relevance) == pytest.approx(found.sum)
    assert found.sum + found.leak + found.bias == pytest.approx(found.logit_diff)


def test_relevance_is_about_the_tokens_before_the_target(case: Case) -> None:
    before = case.generation.tokens[: case.pair.position]
    assert case.ids.tolist() == [token.id for token in before]
    shorter = evolve(case.generation, tokens=case.generation.tokens[: case.pair.position + 1])
    here = explaining.relevance(case, job())
    assert explaining.relevance(evolve(case, generation=shorter), job()) == here


# The pair


def test_a_pair_of_this_text_is_taken(case: Case) -> None:
    explaining.check_pair(case.pair, case.generation, case.loaded.model.config.vocab_size)


@pytest.mark.parametrize(
    "change",
    [
        lambda pair: evolve(pair, position=pair.position - 1),
        lambda pair: evolve(pair, position=-1),
        lambda pair: evolve(pair, position=10_000),
        lambda pair: evolve(pair, target=evolve(pair.target, id=pair.target.id + 1)),
    ],
)
def test_a_pair_of_another_text_is_refused(case: Case, change: Any) -> None:
    with pytest.raises(InvalidRequest, match="another text"):
        explaining.check_pair(change(case.pair), case.generation, 10**6)


def test_a_pair_of_the_prompt_is_refused(case: Case) -> None:
    inside = case.generation.prompt_length - 1
    token = case.generation.tokens[inside]
    pair = evolve(case.pair, position=inside, target=TokenChoice(token.id, token.text, 1))
    with pytest.raises(InvalidRequest, match="another text"):
        explaining.check_pair(pair, case.generation, 10**6)


@pytest.mark.parametrize("outside", [-1, 600])
def test_a_contrast_that_is_no_token_is_refused(case: Case, outside: int) -> None:
    pair = evolve(case.pair, contrast=evolve(case.pair.contrast, id=outside))
    with pytest.raises(InvalidRequest, match=f"no token {outside}"):
        explaining.check_pair(pair, case.generation, 600)


# Memory


def needed(case: Case, *, recompute: bool, graph: bool = False) -> int:
    """What must be free, so that the estimate fits with what is to spare."""
    config, n = case.loaded.model.config, case.pair.position
    found = estimate(config, n, case.loaded.dtype, recompute=recompute, graph=graph)
    return int(found.total / 0.8) + 2


@pytest.mark.parametrize("graph", [False, True])
def test_layers_are_kept_where_they_fit(
    case: Case, graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = needed(case, recompute=False, graph=graph)
    for left, expected in ((free, False), (free * 1000, False), (free - 4, True), (None, False)):
        monkeypatch.setattr(explaining, "available_memory", lambda left=left: left)
        assert explaining.must_recompute(case, graph=graph) is expected


@pytest.mark.parametrize("graph", [False, True])
def test_what_does_not_fit_at_all_is_told_with_figures(
    case: Case, graph: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = needed(case, recompute=True, graph=graph)
    monkeypatch.setattr(explaining, "available_memory", lambda: enough)
    assert explaining.must_recompute(case, graph=graph)
    monkeypatch.setattr(explaining, "available_memory", lambda: 1234)
    with pytest.raises(ResourceExhausted, match=r"\d+ tokens need about .* 1\.2 kB are free"):
        explaining.must_recompute(case, graph=graph)


def test_little_memory_changes_no_result(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    request = evolve(EVERYTHING, refine=3)
    plenty = explaining.relevance(case, job()), explaining.graph(case, request, job())
    calls = []
    for graph in (False, True):
        left = needed(case, recompute=True, graph=graph)

        def little(left: int = left) -> int:
            calls.append(left)
            return left

        monkeypatch.setattr(explaining, "available_memory", little)
        assert explaining.must_recompute(case, graph=graph)
        if graph:
            assert explaining.graph(case, request, job()) == plenty[1]
        else:
            assert explaining.relevance(case, job()) == plenty[0]
    assert len(calls) >= 4  # it was asked each time


# Graphs


def handed(graph: AttributionGraph) -> list[float]:
    """Σ weight of the in-edges of every node."""
    found = [0.0] * len(graph.nodes)
    for edge in graph.edges:
        found[edge.target] += edge.weight
    return found


def assert_edges_account(graph: AttributionGraph) -> None:
    """Where nothing is pruned, the in-edges of a node are its relevance."""
    sums = handed(graph)
    upper = [
        k
        for k, node in enumerate(graph.nodes)
        if node.kind is NodeKind.TOKEN and node.stage > 0
    ]
    assert upper
    for k in upper:
        assert sums[k] == pytest.approx(graph.nodes[k].relevance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", list(ObjectiveKind))
@pytest.mark.parametrize("method", [Method.ATTNLRP, Method.CPLRP])
def test_a_whole_graph_accounts_for_every_node(
    case: Case, method: Method, kind: ObjectiveKind
) -> None:
    case = evolve(case, method=method, kind=kind)
    graph = explaining.graph(case, EVERYTHING, job())
    assert graph.pruning.nodes == graph.pruning.all_nodes == 3 * case.pair.position
    assert graph.pruning.edges == graph.pruning.all_edges
    assert graph.pruning.kept_mass == pytest.approx(1.0)
    assert_edges_account(graph)


@pytest.mark.parametrize("midpoints", [False, True])
@pytest.mark.parametrize("layers", [None, (0,), (1,), ()])
def test_stages_are_as_asked_and_account_for_their_nodes(
    case: Case, layers: tuple[int, ...] | None, midpoints: bool
) -> None:
    graph = explaining.graph(case, evolve(EVERYTHING, layers=layers, midpoints=midpoints), job())
    ends = {0, 1} if layers is None or 0 in layers else {1}
    names = ["embedding"]
    for layer in sorted(ends):
        if midpoints and layer - 1 in {-1, *ends}:
            names.append(f"{layer}.attention")
        names.append(f"{layer}.mlp")
    assert list(graph.stages) == names
    assert_edges_account(graph)


def test_a_graph_and_the_relevance_agree(case: Case) -> None:
    graph = explaining.graph(case, EVERYTHING, job())
    found = explaining.relevance(case, job())
    assert graph.relevance[0] == pytest.approx(found.relevance)
    assert graph.logit_diff == pytest.approx(found.logit_diff)
    assert graph.relevance[-1][-1] == pytest.approx(found.logit_diff)
    assert (graph.method, graph.objective, graph.pair) == ("attnlrp", "contrast", case.pair)


def test_pruning_by_mass_keeps_the_share_that_is_asked_for(case: Case) -> None:
    for mass in (0.5, 0.9, 0.97, 0.99, 1.0):
        graph = explaining.graph(case, evolve(EVERYTHING, mass=mass), job())
        assert all(share >= mass - 0.02 for share in graph.pruning.kept_mass_per_transition)
    assert graph.pruning.kept_mass == pytest.approx(1.0)


def test_an_edge_threshold_takes_the_place_of_mass(case: Case) -> None:
    for threshold in (0.0, 1e-6, 0.05):
        request = evolve(EVERYTHING, mass=0.01, edge_threshold=threshold)
        graph = explaining.graph(case, request, job())
        whole = explaining.graph(case, EVERYTHING, job())
        least = threshold * abs(graph.logit_diff)
        expected = [
            edge
            for edge in whole.edges
            if whole.nodes[edge.source].kind is not NodeKind.TOKEN or abs(edge.weight) >= least
        ]
        assert [edge.weight for edge in graph.edges] == [edge.weight for edge in expected]


@pytest.mark.parametrize("kind", list(ObjectiveKind))
def test_an_absolute_threshold_is_in_logit_units(case: Case, kind: ObjectiveKind) -> None:
    """Whatever Δℓ of the pair is: only weaker nodes go, and the others keep their edges."""
    case = evolve(case, kind=kind)
    whole = explaining.graph(case, EVERYTHING, job())
    sizes = sorted(abs(node.relevance) for node in whole.nodes if node.kind is NodeKind.TOKEN)
    threshold = sizes[len(sizes) // 2]
    graph = explaining.graph(
        case, evolve(EVERYTHING, node_threshold=threshold, relative=False), job()
    )
    tokens = [node for node in graph.nodes if node.kind is NodeKind.TOKEN]
    assert len(tokens) in (len(sizes) - len(sizes) // 2, len(sizes) - len(sizes) // 2 + 1)
    last = graph.nodes.index(max(tokens, key=lambda node: (node.stage, node.token)))
    assert all(abs(n.relevance) >= threshold for n in tokens if n is not graph.nodes[last])
    kept = {(node.stage, node.token) for node in tokens}
    expected = sum(
        1
        for edge in whole.edges
        if {
            (whole.nodes[end].stage, whole.nodes[end].token) for end in (edge.source, edge.target)
        }
        <= kept
    )
    assert graph.pruning.edges == expected


def test_influence_and_reach_leave_less(case: Case) -> None:
    whole = explaining.graph(case, EVERYTHING, job()).pruning
    influenced = explaining.graph(case, evolve(EVERYTHING, influence=0.5), job()).pruning
    assert 0 < influenced.nodes < whole.nodes
    reached = explaining.graph(case, evolve(EVERYTHING, mass=0.5, reach=True), job()).pruning
    alone = explaining.graph(case, evolve(EVERYTHING, mass=0.5), job()).pruning
    assert 0 < reached.nodes < alone.nodes


def test_details_are_of_the_strongest_nodes(case: Case) -> None:
    for midpoints in (False, True):
        request = evolve(EVERYTHING, refine=5, midpoints=midpoints, node_threshold=0.01)
        graph = explaining.graph(case, request, job())
        tokens = [k for k, node in enumerate(graph.nodes) if node.kind is NodeKind.TOKEN]
        size = {k: abs(graph.nodes[k].relevance) for k in tokens}
        chosen = {detail.node for detail in graph.details}
        assert len(chosen) == 5
        assert min(size[k] for k in chosen) >= max(size[k] for k in tokens if k not in chosen)


def test_dimensions_and_neurons_add_up(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all of them asked for, dimensions make the relevance of their node."""
    import functools

    monkeypatch.setattr(
        explaining, "refine", functools.partial(explaining.refine, top=64)
    )
    graph = explaining.graph(case, evolve(EVERYTHING, refine=1000, midpoints=True), job())
    assert len(graph.details) == graph.pruning.nodes
    for detail in graph.details:
        node = graph.nodes[detail.node]
        total = sum(relevance for _, relevance in detail.dimensions)
        assert total == pytest.approx(node.relevance, abs=1e-9)
        ends_mlp = graph.stages[node.stage].endswith(".mlp")
        assert bool(detail.neurons) is ends_mlp
        assert sum(relevance for _, relevance in detail.neurons) == pytest.approx(
            detail.mlp, abs=1e-9
        )


def test_no_details_where_none_are_asked_for(case: Case) -> None:
    assert explaining.graph(case, EVERYTHING, job()).details == ()


@pytest.mark.parametrize("method", [Method.GRADIENT, Method.INTEGRATED])
def test_a_method_without_rules_has_no_graph(case: Case, method: Method) -> None:
    with pytest.raises(InvalidRequest, match=f"{method.value} has no edges"):
        explaining.graph(evolve(case, method=method), EVERYTHING, job())


@pytest.mark.parametrize("layer", [2, -1])
def test_a_layer_that_does_not_exist_is_named(case: Case, layer: int) -> None:
    with pytest.raises(InvalidRequest, match=f"no layer {layer}; the model has layers 0 to 1"):
        explaining.graph(case, evolve(EVERYTHING, layers=(0, layer)), job())
