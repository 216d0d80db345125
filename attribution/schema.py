"""What flows between the stages and over the wire: frozen values, each made by one stage.

Spans are half-open offsets in Unicode code points of the document they name; only the LSP edge
converts them to the negotiated encoding. This file imports nothing heavier than attrs.
"""

import re
from enum import StrEnum

from attrs import field, frozen

_TASK_FOLDER = re.compile(r"[/\\](HumanEval|Mbpp)_(\d+)[/\\][^/\\]+\.py$")


def task_id_from_path(path: str) -> str | None:
    """The EvalPlus task id that a sample's path names (`…/HumanEval_65/0.py`), or None."""
    match = _TASK_FOLDER.search(path)
    return f"{match[1]}/{int(match[2])}" if match else None


class Dataset(StrEnum):
    HUMANEVAL = "humaneval"
    MBPP = "mbpp"


class Form(StrEnum):
    """How the model was asked (EvalPlus' two prompt forms)."""

    DIRECT = "direct"  # prompt and completion are one Python file
    CHAT = "chat"  # the prompt is a document of its own


class Document(StrEnum):
    """Which text a span lies in."""

    CODE = "code"  # the sample file
    PROMPT = "prompt"  # the prompt as the model saw it (chat form only)


class Role(StrEnum):
    """Where a token comes from."""

    TEMPLATE = "template"  # special tokens, chat template and the first token (attention sink)
    PROMPT = "prompt"
    OUTPUT = "output"  # written by the model


class Status(StrEnum):
    """Outcome of the tests."""

    PASS = "pass"
    FAIL = "fail"  # a wrong result or an exception
    TIMEOUT = "timeout"
    CRASH = "crash"  # the program took its process down or ran out of memory
    SYNTAX = "syntax"  # the sample is no Python


class Suite(StrEnum):
    BASE = "base"
    PLUS = "plus"


class Origin(StrEnum):
    """Who says that the contrast token is the right one."""

    VERIFIED = "verified"  # the tests: decoding on from it passes them
    SIBLING = "sibling"
    MANUAL = "manual"


@frozen
class Task:
    """One EvalPlus problem, without its tests (they stay in the test runner)."""

    task_id: str
    dataset: Dataset
    prompt: str
    entry_point: str
    version: str  # of the data set, e.g. "HumanEval+ v0.1.10"
    suites: tuple[Suite, ...]  # what can be run: base alone where only HumanEval was found


@frozen
class Verdict:
    """What EvalPlus said about one program, told so that a person can act on it."""

    task_id: str
    status: Status
    suites: tuple[Suite, ...]  # which suites were run
    suite: Suite | None = None  # where the first failure is
    failing_input: str | None = None  # Python source of the call, e.g. "f([1, 2], 3)"
    expected: str | None = None  # repr
    actual: str | None = None  # repr; None where the program raised
    exception: str | None = None  # e.g. "IndexError: list index out of range"
    line: int | None = None  # 1-based line of the sample where it was raised
    message: str = ""  # one sentence for a person
    note: str = ""  # e.g. "base tests only", "passes only after EvalPlus' sanitiser"
    data_version: str = ""

    @property
    def passed(self) -> bool:
        return self.status is Status.PASS


@frozen
class Token:
    """One token of the sequence that the model saw."""

    id: int
    text: str  # may be empty or U+FFFD where a character spans several tokens
    document: Document
    start: int
    end: int
    role: Role


@frozen
class Alternative:
    """What the model could have written at one position."""

    id: int
    text: str
    logit: float
    probability: float


@frozen
class Generation:
    """The exact tokens of one sample: prompt and output.

    `tokens[:prompt_length]` is the prompt. `alternatives[k]` are the likeliest tokens at output
    position k, best first. `code` is the text of the sample file; `prompt` is the text of the
    prompt document (equal to the head of `code` in direct form).
    """

    task_id: str
    form: Form
    model: str  # as the user named it
    fingerprint: str  # of weights and tokenizer
    prompt: str
    code: str
    tokens: tuple[Token, ...]
    prompt_length: int
    alternatives: tuple[tuple[Alternative, ...], ...]
    finished: bool  # a stop sequence or end token was reached
    retokenized: bool = False  # no trace: these are not provably the tokens the model produced


@frozen
class TokenChoice:
    id: int
    text: str
    rank: int  # 1 = the model's first choice at this position


@frozen
class ContrastPair:
    """Target (what the model wrote) against contrast (what would have passed)."""

    position: int  # index into Generation.tokens of the target token
    target: TokenChoice
    contrast: TokenChoice
    logit_diff: float  # Δℓ = logit(target) − logit(contrast), natural-log units
    origin: Origin
    repaired_program: str | None = None  # the whole sample file, tests passed


@frozen
class Attribution:
    """Signed relevance of every token before the target for Δℓ at the pair's position.

    Completeness: logit_diff = sum + leak + bias up to rounding (see lrp/relevance.py).
    `relevance[k]` belongs to Generation.tokens[k]; it ends at the token before the target.
    The features are the input tokens before the target, held fixed; generating anew from an
    edited prompt is a different question.
    """

    pair: ContrastPair
    method: str
    logit_diff: float
    relevance: tuple[float, ...]
    sum: float
    leak: float
    bias: float


@frozen
class SearchReport:
    """What the fault search did, also when it found nothing."""

    rollouts: int
    decoded_tokens: int
    proved: int
    message: str  # for a person, e.g. why there is no pair


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
    """Which model, where. `device` is auto, cuda, cuda:N, mps or cpu; `dtype` a torch name."""

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
    trusted: bool = False


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


Request = GenerateRequest | GradeRequest | ExplainRequest | StatusRequest | StopRequest
Result = Generation | Verdict | ContrastPair | SearchReport | Attribution | Timings
Event = Progress | Result | EngineStatus
