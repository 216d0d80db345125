"""What travels between the grader and its test runner, in frames of attribution.ipc.wire.

Private to these two; a request ends in exactly one reply. Imports nothing heavy.
"""

from attrs import frozen

from attribution.ipc.wire import Cancel, Failed, Hello
from attribution.schema import Dataset, Spectrum, Task, Verdict


@frozen
class LoadData:
    """The content of a data file; the runner sees no file of the user. Reply: TaskIds.

    EvalPlus' format or the original HumanEval's; the runner tells them apart by their fields.
    """

    dataset: Dataset
    content: bytes  # JSON lines, perhaps gzipped
    source: str  # for messages, e.g. a path


@frozen
class LoadExamples:
    """A function whose docstring examples are its task, in the place of the last. Reply: Task."""

    code: str
    function: str


@frozen
class ListTasks:
    """Reply: TaskIds."""

    dataset: Dataset


@frozen
class TaskIds:
    ids: tuple[str, ...]


@frozen
class GetTask:
    """Reply: Task."""

    task_id: str


@frozen
class GradeProgram:
    """Reply: Verdict."""

    task_id: str
    code: str
    thorough: bool  # False: pass or fail only, as fast as possible


@frozen
class TraceProgram:
    """Reply: Spectrum."""

    task_id: str
    code: str
    seconds: float


Message = LoadData | LoadExamples | ListTasks | GetTask | GradeProgram | TraceProgram

__all__ = [
    "Cancel",
    "Dataset",
    "Failed",
    "GetTask",
    "GradeProgram",
    "Hello",
    "ListTasks",
    "LoadData",
    "LoadExamples",
    "Message",
    "Spectrum",
    "Task",
    "TaskIds",
    "TraceProgram",
    "Verdict",
]
