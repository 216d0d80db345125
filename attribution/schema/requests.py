"""What a client can ask of the engine, and the events that answer it."""

from attrs import field, frozen

from attribution.schema.explanations import Attribution, ContrastPair, SearchReport
from attribution.schema.generation import Form, Generation
from attribution.schema.graphs import AttributionGraph
from attribution.schema.tasks import Verdict
from attribution.schema.trust import Faithfulness

# By name, for those who offer a choice; lrp/ledger.py and lrp/objective.py say what they mean.
METHODS = ("attnlrp", "cplrp", "gradient", "integrated")
OBJECTIVES = ("contrast", "target", "top", "mean")


@frozen
class Timings:
    """Seconds per stage, in the order in which they ran."""

    seconds: dict[str, float] = field(factory=dict)


@frozen
class Progress:
    message: str
    fraction: float | None = None  # 0..1, None when unknown


@frozen
class ModelSettings:
    """Which model, where.

    `device` is auto, cuda, cuda:N, balanced (over all of them), mps or cpu; `dtype` is auto, the
    name of a torch dtype, or 4bit.
    """

    model: str = "qwen2.5-coder-0.5b"  # a name from `tokenblame models`, a folder or a hub id
    device: str = "auto"
    dtype: str = "auto"


@frozen
class GenerateRequest:
    """Write code for one task, greedily. Answers: Progress*, Generation, Timings."""

    task_id: str
    form: Form = Form.DIRECT
    settings: ModelSettings = ModelSettings()
    max_new_tokens: int = 768  # as EvalPlus


@frozen
class GradeRequest:
    """Run a sample's tests. Answers: Progress*, Verdict, Timings."""

    task_id: str
    code: str
    trusted: bool = False  # generated code runs only where its workspace is trusted


@frozen
class ExplainRequest:
    """Why does this sample fail?

    Answers: Progress*, Verdict, and where it fails Generation, ContrastPair*, SearchReport and,
    with a pair, Attribution; last Timings. The trace beside `path` is used where it fits `code`.
    """

    code: str
    path: str | None = None
    task_id: str | None = None  # None: taken from `path`
    completion: bool = False  # `code` is what comes after the task's prompt, without it
    form: Form | None = None  # None: from the trace, else guessed from `code`
    prompt: str | None = None  # chat form: the prompt document as edited; None: EvalPlus' own
    settings: ModelSettings = ModelSettings()
    rollouts: int = 48  # budget of the fault search
    seconds: float = 180.0  # budget of the fault search
    method: str = "attnlrp"
    objective: str = "contrast"  # see attribution/lrp/objective.py
    trusted: bool = False


@frozen
class GraphRequest:
    """How does Δℓ flow through the layers? Answers: as ExplainRequest, then AttributionGraph."""

    explain: ExplainRequest
    pair: ContrastPair | None = None  # of an earlier answer: no tests and no search are run then
    layers: tuple[int, ...] | None = None  # decoder layers whose end is a stage; None: all
    midpoints: bool = False  # the states between attention and MLP are stages, too
    node_threshold: float = 0.01  # smallest |relevance| of a node …
    relative: bool = True  # … as a share of |Δℓ|; False: in logit units
    mass: float = 0.85  # share of each transition's absolute mass that its edges keep
    edge_threshold: float | None = None  # smallest |weight| instead, as a share of |Δℓ|
    influence: float | None = None  # then: nodes that carry this share of the influence
    reach: bool = True  # keep only what reaches the last token of the last stage
    refine: int = 0  # of so many of the strongest nodes: their dimensions and neurons


@frozen
class FaithfulnessRequest:
    """Does the attribution predict interventions? Answers: as ExplainRequest, then Faithfulness."""

    explain: ExplainRequest
    pair: ContrastPair | None = None  # as in GraphRequest
    full: bool = False  # every token, both perturbations, curves; else an estimate
    seconds: float | None = None  # budget of the estimate; None: about half a minute


@frozen
class StatusRequest:
    """Answers: EngineStatus."""


@frozen
class StopRequest:
    """End the engine once this is answered."""


@frozen
class EngineStatus:
    pid: int
    version: str
    protocol: int
    uptime: float  # seconds
    model: str | None  # None: nothing loaded
    device: str | None
    dtype: str | None
    memory: int  # resident bytes of the engine
    active: str | None  # the request being computed
    queued: int
    idle_timeout: float  # seconds without work after which model and engine go


# What the compute thread works on; the others are answered at once.
Work = GenerateRequest | GradeRequest | ExplainRequest | GraphRequest | FaithfulnessRequest
Request = Work | StatusRequest | StopRequest
Result = (
    Generation
    | Verdict
    | ContrastPair
    | SearchReport
    | Attribution
    | AttributionGraph
    | Faithfulness
    | Timings
)
Event = Progress | Result | EngineStatus
