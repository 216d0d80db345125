"""What the server and a client say to each other beyond the Language Server Protocol.

On the wire names are in camelCase and positions are those of LSP (`converter.py`). The interfaces
of the extension are made from these classes (`typescript.py`, `make generate`): their docstrings
and the comments behind their fields become its comments.
"""

from enum import StrEnum
from typing import Any

from attrs import frozen
from lsprotocol.types import Range

from attribution.schema import Document, Origin, Perturbation, Role


class EngineState(StrEnum):
    """What the engine is doing, as a status item shows it."""

    STARTING = "starting"
    READY = "ready"
    COMPUTING = "computing"
    ERROR = "error"
    UNTRUSTED = "untrusted"


class RelevanceState(StrEnum):
    """Whether a heat map is there, was about an older text, or is taken away."""

    COMPUTED = "computed"
    STALE = "stale"
    CLEARED = "cleared"


class PanelSection(StrEnum):
    """The sections of a client's panel."""

    GRAPH = "graph"
    LAYERS = "layers"
    CHOICES = "choices"
    REPAIR = "repair"
    COMPARE = "compare"
    FAITHFULNESS = "faithfulness"


# Notifications of the server


@frozen
class RelevanceSpan:
    """One token's part in the decision. Spans come in document order and never overlap."""

    range: Range
    relevance: float  # logit units; above 0 it speaks for what the model wrote
    value: float  # `relevance` over the scale, −1 … 1; 0 in the template
    role: Role


@frozen
class RelevancePair:
    """The token that broke the program and the one that would have passed the tests."""

    range: Range
    target: str
    contrast: str
    contrast_rank: int
    logit_diff: float
    origin: Origin  # who says that the contrast token is right
    weak: bool


@frozen
class Completeness:
    """The parts of Δℓ, in logit units."""

    sum: float
    leak: float
    bias: float


@frozen
class Relevance:
    """The heat map of one version of one document; without spans it takes an older one away."""

    uri: str
    version: int
    state: RelevanceState
    task_id: str | None
    scale: float = 0.0  # the largest |relevance| outside the template
    logit_diff: float | None = None
    spans: tuple[RelevanceSpan, ...] = ()
    pair: RelevancePair | None = None
    completeness: Completeness | None = None
    prompt_uri: str | None = None  # where the prompt can be seen, if it is a document of its own
    prompt_text: str | None = None  # the prompt that the model read; null where it is in the code
    prompt_spans: tuple[RelevanceSpan, ...] = ()


@frozen
class Status:
    """What server and engine are doing, about one document or about none."""

    state: EngineState
    message: str
    uri: str | None


@frozen
class Report:
    """A page of Markdown about one sample, to be shared."""

    uri: str
    markdown: str


@frozen
class PanelRequest:
    """The panel is to show a section about a document."""

    uri: str
    section: PanelSection


# What the panel asks for


@frozen
class DocumentParams:
    """A request about an open document; an answer to an older version is refused."""

    uri: str
    version: int | None = None
    work_done_token: str | int | None = None


@frozen
class GraphParams(DocumentParams):
    """`tokenblame/graph`."""

    midpoints: bool = False  # the states between attention and MLP, too


@frozen
class CompareParams(DocumentParams):
    """`tokenblame/compare`."""

    model: str | None = None  # another one than the sibling of the settings


# What is answered


@frozen
class Place:
    """A range in the code or in the prompt."""

    document: Document
    place: Range


@frozen
class TokenDetails(Place):
    """One token before the target."""

    index: int
    text: str
    role: Role
    relevance: float  # logit units


@frozen
class RankedToken:
    """A token of the vocabulary and its rank at a position, 1 for the likeliest."""

    id: int
    text: str
    rank: int


@frozen
class PairDetails:
    """A target token and its contrast token."""

    position: int
    target: RankedToken
    contrast: RankedToken
    logit_diff: float
    origin: Origin
    place: Range


@frozen
class ShownPair(PairDetails):
    """The pair that is explained; `words` is Markdown."""

    weak: bool
    words: str


@frozen
class Choice:
    """What the model could have written at a position."""

    id: int
    text: str
    probability: float
    written: bool


@frozen
class Choices:
    """The likeliest tokens at each output position, best first."""

    prompt_length: int
    positions: tuple[tuple[Choice, ...], ...]


@frozen
class ModelDetails:
    """The model that explains; `retokenized` where the sample had no trace."""

    name: str
    retokenized: bool


@frozen
class VerdictDetails:
    """What the tests said; `words` is Markdown."""

    passed: bool
    words: str


@frozen
class AttributionDetails:
    """How the relevance was computed, and the parts of Δℓ; `words` is Markdown."""

    method: str
    objective: str
    logit_diff: float
    sum: float
    leak: float
    bias: float
    words: str


@frozen
class Repair:
    """The repaired program of the pair; `editable` where the document can be changed."""

    program: str
    diff: str
    editable: bool


Figure = tuple[float, float, float]  # a figure with its 95 % interval: value, low, high


@frozen
class AgreementDetails:
    """How well relevance predicts what one perturbation of tokens does."""

    perturbation: Perturbation
    spearman: Figure
    top_overlap: Figure
    measured: int  # tokens
    of: int  # tokens that could be measured


@frozen
class LineEffect:
    """What taking a line away does to Δℓ, in logit units."""

    text: str
    effect: float
    relevance: float


@frozen
class FaithfulnessDetails:
    """How well the map agrees with interventions: what taking tokens away does to Δℓ."""

    words: str
    complete: bool
    agreements: tuple[AgreementDetails, ...]
    lines: tuple[LineEffect, ...]


@frozen(kw_only=True)
class Details:
    """`tokenblame/details`: all that is known about a sample; nothing is computed for it."""

    version: int
    task_id: str | None
    running: bool
    sibling: str | None  # the model to compare with
    model: ModelDetails | None = None
    verdict: VerdictDetails | None = None
    pair: ShownPair | None = None
    pairs: tuple[PairDetails, ...] = ()  # all that were proved
    choices: Choices | None = None
    attribution: AttributionDetails | None = None
    tokens: tuple[TokenDetails, ...] = ()
    profile: tuple[tuple[float, ...], ...] = ()  # [layer][token], from the embedding up
    repair: Repair | None = None
    faithfulness: FaithfulnessDetails | None = None


@frozen
class GraphAnswer:
    """`tokenblame/graph`."""

    version: int
    graph: Any  # the JSON of `tokenblame graph --json`, which the drawing code reads
    places: tuple[Range, ...]  # of each of its tokens, in the document that it names


@frozen
class Piece(Place):
    """A stretch of text in one colour; pieces follow one another through prompt and code."""

    text: str
    relevance: float
    value: float
    role: Role


@frozen
class ComparedToken:
    """A token and its rank in one of two models."""

    text: str
    rank: int


@frozen
class ComparedChoice:
    """What one of two models would have written."""

    text: str
    probability: float


@frozen(kw_only=True)
class ComparedModel:
    """One of two models on the same choice in the same text."""

    name: str
    logit_diff: float
    sum: float
    leak: float
    bias: float
    target: ComparedToken
    contrast: ComparedToken
    choices: tuple[ComparedChoice, ...]
    scale: float
    pieces: tuple[Piece, ...]


@frozen
class ComparisonAnswer:
    """`tokenblame/compare`: the model that explains, then the other one."""

    version: int
    same_tokens: bool
    words: str
    models: tuple[ComparedModel, ComparedModel]
