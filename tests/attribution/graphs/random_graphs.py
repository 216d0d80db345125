"""Random raw graphs that balance as real ones do, and a generation to go with them."""

import numpy as np
from numpy.typing import ArrayLike

from attribution.graphs.raw import Array, RawGraph, RawTransition
from attribution.schema import (
    ContrastPair,
    Document,
    Form,
    Generation,
    Origin,
    Role,
    Token,
    TokenChoice,
)

HEADS = 4


def random_raw(seed: int, stages: int = 4, n: int = 6, density: float = 0.8) -> RawGraph:
    """Δℓ is handed down from the last token; some of it leaks, some is left out as `rest`."""
    rng = np.random.default_rng(seed)
    relevance = np.zeros((stages, n))
    logit_diff = float(rng.uniform(1, 6))
    relevance[-1, -1] = logit_diff
    transitions: list[RawTransition] = []
    for t in reversed(range(stages - 1)):
        transition = _transition(rng, t, relevance[t + 1], density)
        relevance[t] = np.bincount(transition.sources, transition.weights, n)
        transitions.insert(0, transition)
    names = ("embedding", *(f"{layer}.mlp" for layer in range(stages - 1)))
    return RawGraph(names, relevance, logit_diff, tuple(transitions))


def _transition(
    rng: np.random.Generator, layer: int, relevance: Array, density: float
) -> RawTransition:
    n = len(relevance)
    wanted = np.tril(rng.random((n, n)) < density) & (relevance != 0)[:, None]
    np.fill_diagonal(wanted, relevance != 0)  # every target hands something to itself
    targets, sources = np.nonzero(wanted)
    weights = rng.normal(size=len(targets)) * np.abs(relevance[targets])
    leak, bias = (rng.normal(size=n) * np.abs(relevance) * 0.1 for _ in range(2))
    rest = relevance - leak - bias - np.bincount(targets, weights, n)
    own = targets == sources
    direct = np.where(own, weights * 0.5, 0.0)
    split = rng.normal(size=(len(targets), HEADS, 3))
    split[~own, :, 2] = 0.0  # a query acts only from a token to itself
    split *= ((weights - direct) / split.sum((1, 2)))[:, None, None]
    return RawTransition(
        targets=targets,
        sources=sources,
        weights=weights,
        direct=direct,
        head_layers=np.full(len(targets) * HEADS, layer),
        head_edges=np.repeat(np.arange(len(targets)), HEADS),
        head_numbers=np.tile(np.arange(HEADS), len(targets)),
        head_values=split.reshape(-1, 3),
        leak=leak,
        bias=bias,
        rest=rest,
        visible=np.arange(n) + 1,
        dropped_mass=float(np.abs(rest).sum()),
        dropped_edges=3,
    )


def plain(
    targets: ArrayLike, sources: ArrayLike, weights: ArrayLike, n: int, **more: Array
) -> RawTransition:
    """A transition of these edges alone; `more` replaces single fields."""
    none = np.zeros(0, dtype=np.int64)
    fields = {
        "direct": np.zeros(np.shape(weights)),
        "head_layers": none,
        "head_edges": none,
        "head_numbers": none,
        "head_values": np.zeros((0, 3)),
        "leak": np.zeros(n),
        "bias": np.zeros(n),
        "rest": np.zeros(n),
        "visible": np.arange(n) + 1,
        **more,
    }
    return RawTransition(
        targets=np.array(targets, dtype=np.int64),
        sources=np.array(sources, dtype=np.int64),
        weights=np.array(weights, dtype=np.float64),
        dropped_mass=0.0,
        dropped_edges=0,
        **fields,
    )


def pair_at(position: int, logit_diff: float = 2.5) -> ContrastPair:
    return ContrastPair(
        position=position,
        target=TokenChoice(7, " return", 1),
        contrast=TokenChoice(8, " yield", 2),
        logit_diff=logit_diff,
        origin=Origin.VERIFIED,
    )


def generation_of(texts: list[str]) -> Generation:
    """One token per text, then the target; the first is the template's."""
    tokens: list[Token] = []
    start = 0
    for k, text in enumerate([*texts, " return"]):
        role = Role.TEMPLATE if k == 0 else Role.PROMPT if k < len(texts) / 2 else Role.OUTPUT
        tokens.append(Token(k, text, Document.CODE, start, start + len(text), role))
        start += len(text)
    code = "".join(texts) + " return"
    return Generation(
        task_id="HumanEval/0",
        form=Form.DIRECT,
        model="tiny",
        fingerprint="0" * 8,
        prompt="".join(texts[: len(texts) // 2]),
        code=code,
        tokens=tuple(tokens),
        prompt_length=len(texts) // 2,
        alternatives=(),
        finished=True,
    )


def large_raw(layers: int = 30, n: int = 500, edges: int = 20_000) -> RawGraph:
    """As many nodes and edges as a page must bear; weights fall off as those of models do."""
    rng = np.random.default_rng(0)
    relevance = rng.standard_t(2, size=(layers + 1, n)) * 0.02
    relevance[-1, -1] = 4.0
    each = edges // layers
    transitions = []
    for t in range(layers):
        targets, sources = _places(rng, n, each)
        weights = rng.standard_t(2, size=len(targets)) * 0.01
        handed = np.bincount(targets, weights, n)
        leak = np.full(n, 1e-3)
        rest = relevance[t + 1] - handed - leak
        transitions.append(plain(targets, sources, weights, n, leak=leak, rest=rest))
    names = ("embedding", *(f"{layer}.mlp" for layer in range(layers)))
    return RawGraph(names, relevance, 4.0, tuple(transitions))


def _places(rng: np.random.Generator, n: int, count: int) -> tuple[Array, Array]:
    """`count` different causal edges, every token's own among them."""
    targets, sources = np.nonzero(np.tril(np.ones((n, n)), -1))
    chosen = rng.choice(len(targets), count - n, replace=False)
    own = np.arange(n)
    return np.concatenate([own, targets[chosen]]), np.concatenate([own, sources[chosen]])
