"""Run a program's tests: the client of the sandboxed test runner.

grader = Grader()
verdict = grader.grade("HumanEval/65", code)
"""

import re
import threading
from collections.abc import Sequence
from typing import TypeVar

from attribution import errors, schema
from attribution.grading import data, messages, sandbox
from attribution.grading.process import Checkpoint, RunnerDied, RunnerProcess

_ID = re.compile(r"(HumanEval|Mbpp)/(?:0|[1-9]\d*)")
_ALMOST = re.compile(r"\W*(human[-_ ]?eval|mbpp)\D*?0*(\d+)\D*", re.IGNORECASE)
_DATASETS = {"HumanEval": schema.Dataset.HUMANEVAL, "Mbpp": schema.Dataset.MBPP}

T = TypeVar("T")


def _never() -> None:
    """A checkpoint of a caller that does not give up."""


class Grader:
    """Owns one warm test runner, which starts on first use and again after it died.

    `checkpoint` raises (errors.Cancelled, say) when the caller gave up; it is called many times
    a second, also while a program runs, and ends that program. One call at a time; others wait.
    """

    def __init__(self, layer: sandbox.Sandbox | None = None) -> None:
        """Starts nothing. `layer` is what to shut the runner into, by default the strongest."""
        self._layer = layer
        self._lock = threading.RLock()
        self._runner: RunnerProcess | None = None
        self._loaded: set[schema.Dataset] = set()  # by the runner
        self._files: dict[schema.Dataset, data.DataFile] = {}  # kept for the next runner

    def task(self, task_id: str, checkpoint: Checkpoint = _never) -> schema.Task:
        """Raises UnknownTask (with near ids) and DataUnavailable."""
        return self._ask(_dataset(task_id), messages.GetTask(task_id), schema.Task, checkpoint)

    def tasks(self, dataset: schema.Dataset, checkpoint: Checkpoint = _never) -> tuple[str, ...]:
        """The ids of all tasks, in the data's order. Raises DataUnavailable."""
        return self._ask(dataset, messages.ListTasks(dataset), messages.TaskIds, checkpoint).ids

    def grade(self, task_id: str, code: str, checkpoint: Checkpoint = _never) -> schema.Verdict:
        """What EvalPlus says of this sample, and where it fails why.

        Raises InvalidSample (empty, no Unicode, or without the entry point), UnknownTask,
        DataUnavailable, ResourceExhausted and RunnerFailed.
        """
        dataset = _dataset(task_id)
        if not code.strip():
            raise errors.InvalidSample(f"The sample for {task_id} is empty; write the code first.")
        if code != _encodable(code):
            raise errors.InvalidSample(f"The sample for {task_id} holds half of a surrogate pair.")
        return self._grade(dataset, messages.GradeProgram(task_id, code, True), checkpoint)

    def grade_many(
        self, task_id: str, programs: Sequence[str], checkpoint: Checkpoint = _never
    ) -> tuple[schema.Verdict, ...]:
        """Pass or fail for each program, as fast as possible.

        Unlike in `grade`, a program that passes only after EvalPlus' sanitiser fails, a failure
        is not explained and time-outs are not confirmed. No program raises InvalidSample. A failing
        verdict names an input that fails, the first or one that failed before for this task.
        """
        dataset = _dataset(task_id)
        return tuple(
            self._grade(
                dataset, messages.GradeProgram(task_id, _encodable(program), False), checkpoint
            )
            for program in programs
        )

    def spectrum(
        self,
        task_id: str,
        code: str,
        checkpoint: Checkpoint = _never,
        seconds: float = 2.0,
    ) -> schema.Spectrum:
        """Which lines of `code` the failing and the passing runs of a sample of its tests execute.

        The canonical solution's results come on top of `seconds`, where they are not known yet
        (`grade` needs them, too), and so does what a busy machine takes to end a process. Of a
        program that cannot be run the spectrum is empty. Raises UnknownTask, DataUnavailable,
        ResourceExhausted and RunnerFailed.
        """
        dataset = _dataset(task_id)
        request = messages.TraceProgram(task_id, _encodable(code), seconds)
        try:
            return self._ask(dataset, request, schema.Spectrum, checkpoint)
        except RunnerDied:  # twice: it is the program's doing
            return schema.Spectrum(failed=0, passed=0)

    def describe_sandbox(self) -> str:
        """One sentence on what the programs are shut into."""
        return self._sandbox().describe()

    def close(self) -> None:
        """End the runner. The grader stays usable: the next call starts another."""
        with self._lock:
            if self._runner is not None:
                self._runner.kill()
            self._runner = None
            self._loaded.clear()

    def _grade(
        self, dataset: schema.Dataset, request: messages.GradeProgram, checkpoint: Checkpoint
    ) -> schema.Verdict:
        try:
            return self._ask(dataset, request, schema.Verdict, checkpoint)
        except RunnerDied:
            # Twice, and the second time on a fresh runner: it is the program's doing.
            task = self.task(request.task_id, checkpoint)
            return schema.Verdict(
                task_id=task.task_id,
                status=schema.Status.CRASH,
                suites=task.suites,
                message="It takes the test runner down.",
                data_version=task.version,
            )

    def _ask(
        self,
        dataset: schema.Dataset,
        request: messages.Message,
        kind: type[T],
        checkpoint: Checkpoint,
    ) -> T:
        """Ask the runner, once more if it dies meanwhile (killed from outside, perhaps)."""
        with self._lock:
            try:
                reply = self._ready(dataset, checkpoint).ask(request, checkpoint)
            except RunnerDied:
                reply = self._ready(dataset, checkpoint).ask(request, checkpoint)
        return _expect(reply, kind)

    def _ready(self, dataset: schema.Dataset, checkpoint: Checkpoint) -> RunnerProcess:
        """A living runner that has `dataset`."""
        if self._runner is None or not self._runner.alive:
            self.close()
            self._runner = RunnerProcess(self._sandbox(), checkpoint)
        if dataset not in self._files:
            self._files[dataset] = data.read(dataset, checkpoint)
        if dataset not in self._loaded:
            file = self._files[dataset]
            request = messages.LoadData(dataset, file.content, file.source)
            reply = self._runner.ask(request, checkpoint)
            if isinstance(reply, messages.Failed):
                del self._files[dataset]  # read anew once it is repaired
            _expect(reply, messages.TaskIds)
            self._loaded.add(dataset)
        return self._runner

    def _sandbox(self) -> sandbox.Sandbox:
        return self._layer or sandbox.choose()


def _dataset(task_id: str) -> schema.Dataset:
    """The data set that `task_id` names. Raises UnknownTask where it is no id."""
    if (match := _ID.fullmatch(task_id)) is not None:
        return _DATASETS[match[1]]
    hint = "Ids look like HumanEval/65 and Mbpp/2."
    if (almost := _ALMOST.fullmatch(task_id)) is not None:
        name = "Mbpp" if almost[1].lower() == "mbpp" else "HumanEval"
        hint = f"Did you mean {name}/{almost[2]}?"
    raise errors.UnknownTask(f"There is no task {task_id!r}. {hint}")


def _encodable(code: str) -> str:
    """`code` with `?` for what UTF-8 cannot say."""
    return code.encode(errors="replace").decode()


def _expect(reply: object, kind: type[T]) -> T:
    if isinstance(reply, messages.Failed):
        raise errors.from_code(reply.code, reply.message)
    if not isinstance(reply, kind):
        raise errors.RunnerFailed(f"The test runner answered with {type(reply).__name__}.")
    return reply
