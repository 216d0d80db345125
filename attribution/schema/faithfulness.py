"""How faithful an explanation is: what interventions say about it."""

from enum import StrEnum

from attrs import frozen


class Perturbation(StrEnum):
    """How a token is taken away; every other token keeps its position."""

    MASK = "mask"  # no attention head sees it
    SUBSTITUTE = "substitute"  # a neutral token (a space) stands in its place


@frozen
class Estimate:
    """A figure with its uncertainty: a 95 % interval, equal ends where it is exact."""

    value: float
    low: float
    high: float


@frozen
class Effects:
    """Leave-one-out: Δℓ − Δℓ without the token; positive where it supported the target."""

    perturbation: Perturbation
    tokens: tuple[int, ...]  # indices into Generation.tokens that were measured
    effects: tuple[float, ...]  # logit units


@frozen
class SegmentEffect:
    """The same for a stretch of tokens taken away together, e.g. a line."""

    start: int  # tokens, half-open
    end: int
    effect: float
    relevance: float  # Σ over its tokens


@frozen
class Curves:
    """Δℓ while tokens are taken away in an order that the explanation gives.

    `morf` takes the most relevant first (a true map makes Δℓ fall fast), `lerf` the least. Entry k
    is at `fractions[k]` of the tokens taken away.
    """

    fractions: tuple[float, ...]
    morf: tuple[float, ...]
    lerf: tuple[float, ...]
    random: tuple[tuple[float, ...], ...]  # one row per random order
    gap: float  # mean of lerf − morf over the fractions, in logit units
    p_value: float  # share of random orders (with their reverse) with at least this gap


@frozen
class PathAblation:
    """Δℓ while the attention edges along paths of the graph are cut: the strongest paths, against
    random ones with as many cuts."""

    steps: tuple[int, ...]  # how many of the strongest paths
    base: float  # Δℓ with none cut
    strongest: tuple[float, ...]
    random: tuple[tuple[float, ...], ...]  # one row per random choice of paths
    p_value: float  # share of random choices that move Δℓ at least as far
    cuts: tuple[int, ...] = ()  # edges that lie on so many of the strongest paths


@frozen
class Agreement:
    """How well relevance predicts the effects of one perturbation."""

    perturbation: Perturbation
    spearman: Estimate  # signed rank correlation, −1 … 1
    top_overlap: Estimate  # share of the five largest |effect| among the five largest |relevance|
    measured: int  # tokens
    of: int  # tokens that could be


@frozen
class Faithfulness:
    """The trust figures of one attribution."""

    method: str
    complete: bool  # every token was measured; otherwise `spearman` is an estimate
    agreements: tuple[Agreement, ...]
    effects: tuple[Effects, ...]
    segments: tuple[SegmentEffect, ...]
    curves: Curves | None
    forwards: int  # rows of the model that were computed
    seconds: float
    message: str  # in words, for a person
    paths: PathAblation | None = None  # where the method has a graph and all is measured
