"""What a client can ask of the engine, and the events that answer it."""

from attrs import field, frozen

from attribution.schema.comparisons import Comparison
from attribution.schema.curves import PassCurve
from attribution.schema.explanations import Attribution, ContrastPair, SearchReport
from attribution.schema.faithfulness import Faithfulness
from attribution.schema.generation import Form, Generation
from attribution.schema.graphs import AttributionGraph
from attribution.schema.margins import Margin
from attribution.schema.tasks import Task, Verdict

# By name, for those who offer a choice; lrp/ says what they mean (backward_trace.py, objective.py).
METHODS = ("attnlrp", "cplrp", "gradient", "integrated")
OBJECTIVES = ("contrast", "target", "top", "mean")
# What programs are shut into: the strongest layer that works; or just that one, else nothing runs.
SANDBOXES = ("auto", "bubblewrap", "limits")


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
    """Write code for tasks, greedily. Answers: Progress*, a Generation per task, Timings."""

    task_ids: tuple[str, ...]  # one or more: they decode together
    form: Form = Form.DIRECT
    settings: ModelSettings = ModelSettings()
    max_new_tokens: int = 768  # as EvalPlus


@frozen
class TaskRequest:
    """What is asked in a task of EvalPlus? Answers: Task, Timings. Nothing is run."""

    task_id: str


@frozen
class GradeRequest:
    """Run a sample's tests. Answers: Progress*, Verdict, Timings."""

    task_id: str
    code: str
    trusted: bool = False  # generated code runs only where its workspace is trusted
    sandbox: str = "auto"


@frozen
class Flip:
    """A choice of the user's: what else could stand at one place of the sample."""

    line: int  # 1-based
    column: int  # 1-based, code points; the token that holds this character
    text: str  # exactly one token, which the model would have had to write


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
    pair: ContrastPair | None = None  # to be explained as it is: nothing is run or searched
    flip: Flip | None = None  # likewise
    # Budget of the fault search: of all requests about this text together, so that a second
    # request continues (with a larger budget) or repeats what was found.
    rollouts: int = 1024
    seconds: float = 180.0
    top_k: int = 10  # alternatives per position
    exhaust: bool = False  # go on when a clear pair is proved
    trials: bool = False  # report every alternative that was judged
    search_only: bool = False  # no attribution: a study needs none
    sibling: ModelSettings | None = None  # a model with the same tokenizer that is asked, too
    method: str = "attnlrp"
    objective: str = "contrast"  # see attribution/lrp/objective.py
    trusted: bool = False
    sandbox: str = "auto"  # one of SANDBOXES


@frozen
class GraphRequest:
    """How does Δℓ flow through the layers? Answers: as ExplainRequest, then AttributionGraph."""

    explain: ExplainRequest
    layers: tuple[int, ...] | None = None  # decoder layers whose end is a stage; None: all
    midpoints: bool = False  # the states between attention and MLP are stages, too
    node_threshold: float = 0.01  # smallest |relevance| of a node …
    relative: bool = True  # … as a share of |Δℓ|; False: in logit units
    mass: float = 0.85  # share of Σ|weight| between kept nodes that is kept, per transition
    edge_threshold: float | None = None  # smallest |weight| instead, as a share of |Δℓ|
    influence: float | None = None  # then: nodes that carry this share of the influence
    reach: bool = True  # keep only what reaches the last token of the last stage
    refine: int = 0  # of so many of the strongest nodes: their dimensions and neurons
    refine_at: tuple[tuple[str, int], ...] = ()  # and of these: name of a stage, index of a token


@frozen
class FaithfulnessRequest:
    """Does the attribution predict interventions? Answers: as ExplainRequest, then Faithfulness."""

    explain: ExplainRequest
    full: bool = False  # every token, both perturbations, curves; else an estimate
    seconds: float | None = None  # budget of the estimate; None: 30 s, 2 s on a GPU


@frozen
class CompareRequest:
    """What does another model make of the same choice in the same text?

    Answers: as ExplainRequest, then Comparison.
    """

    explain: ExplainRequest
    sibling: ModelSettings  # the other model


@frozen
class MarginRequest:
    """What does the model think of one choice in this text, e.g. after an edit of it?

    Nothing is run, searched or attributed, and of `explain` only what names text and model counts.
    Tokens before the first one that changed since the last such request are not computed again.
    Answers: Progress*, Margin, Timings; fails with invalid_request where the target does not stand
    there (any more).
    """

    explain: ExplainRequest
    offset: int  # where the target begins, in code points of the sample's code
    target: int  # id of the token that must stand there
    contrast: int  # id of the other token


@frozen
class CurveRequest:
    """Where did the model lose the thread? Samples how it goes on from places of the sample.

    Answers: as ExplainRequest up to Generation, then PassCurve+ (each more complete, in place of
    the one before) and Timings. `explain.pair` and the budget of its search do not count.
    """

    explain: ExplainRequest
    samples: int = 8  # continuations per point
    temperature: float = 0.8
    seconds: float = 180.0
    drop: float = 0.2  # falls of the pass rate of at least this are narrowed down


@frozen
class VerifyRequest:
    """Are recorded repairs true? Answers: a Verification per pair, Timings."""

    task_id: str
    form: Form
    prompt: str
    code: str
    ids: tuple[int, ...]  # of prompt and output
    prompt_length: int
    fingerprint: str  # of the model that was asked
    pairs: tuple[ContrastPair, ...]
    settings: ModelSettings = ModelSettings()
    trusted: bool = False
    sandbox: str = "auto"


@frozen
class Verification:
    """One repair, replayed by plain greedy decoding and tested again."""

    pair: ContrastPair
    reproduced: bool  # the same program came out
    passed: bool  # and it passes the tests

    @property
    def holds(self) -> bool:
        return self.reproduced and self.passed


@frozen
class StatusRequest:
    """Answers: EngineStatus."""


@frozen
class IdleRequest:
    """Leave after so many seconds without work; None: as was said when it was started. No answer.

    Of several clients the last one counts.
    """

    seconds: float | None


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
EngineRequest = (
    GenerateRequest
    | TaskRequest
    | GradeRequest
    | ExplainRequest
    | GraphRequest
    | FaithfulnessRequest
    | CompareRequest
    | MarginRequest
    | CurveRequest
    | VerifyRequest
)
Request = EngineRequest | StatusRequest | IdleRequest | StopRequest
Result = (
    Generation
    | Task
    | Verdict
    | ContrastPair
    | SearchReport
    | Attribution
    | AttributionGraph
    | Faithfulness
    | Comparison
    | Margin
    | PassCurve
    | Verification
    | Timings
)
Event = Progress | Result | EngineStatus
