"""Run a program's tests: the client of the sandboxed test runner.

grader = Grader()
verdict = grader.grade("HumanEval/65", code)
"""

import threading
from collections.abc import Sequence
from typing import TypeVar

from attribution import errors, schema
from attribution.grading import data, messages, sandbox
from attribution.grading.process import RunnerDied, RunnerProcess
from attribution.job import Checkpoint, carry_on

_DATASETS = {"HumanEval": schema.Dataset.HUMANEVAL, "Mbpp": schema.Dataset.MBPP}
_REMEMBERED = 64  # texts whose examples can be judged again

T = TypeVar("T")
_Need = schema.Dataset | messages.LoadExamples | None  # what the runner must hold


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
        self._examples: dict[str, messages.LoadExamples] = {}  # by task id, the latest last
        self._loaded_examples: messages.LoadExamples | None = None  # by the runner

    def task(self, task_id: str, checkpoint: Checkpoint = carry_on) -> schema.Task:
        """Raises UnknownTask (with near ids) and DataUnavailable."""
        return self._ask(self._need(task_id), messages.GetTask(task_id), schema.Task, checkpoint)

    def examples(self, function: str, code: str, checkpoint: Checkpoint = carry_on) -> schema.Task:
        """The task that the docstring examples of a function in `code` set; its id names it later.

        Nothing of `code` is run. Raises InvalidSample where no example can be judged.
        """
        request = messages.LoadExamples(_encodable(code), function)
        with self._lock:
            self._loaded_examples = None  # who gives up does not learn what the runner holds
            task = self._ask(None, request, schema.Task, checkpoint)
            self._loaded_examples = request
            self._examples.pop(task.task_id, None)
            self._examples[task.task_id] = request
            while len(self._examples) > _REMEMBERED:
                del self._examples[next(iter(self._examples))]
        return task

    def tasks(self, dataset: schema.Dataset, checkpoint: Checkpoint = carry_on) -> tuple[str, ...]:
        """The ids of all tasks, in the data's order. Raises DataUnavailable."""
        return self._ask(dataset, messages.ListTasks(dataset), messages.TaskIds, checkpoint).ids

    def grade(self, task_id: str, code: str, checkpoint: Checkpoint = carry_on) -> schema.Verdict:
        """What EvalPlus says of this sample, and where it fails why.

        Raises InvalidSample (empty, no Unicode, or without the entry point), UnknownTask,
        DataUnavailable, ResourceExhausted and RunnerFailed.
        """
        need = self._need(task_id)
        if not code.strip():
            raise errors.InvalidSample(f"The sample for {task_id} is empty; write the code first.")
        if code != _encodable(code):
            raise errors.InvalidSample(f"The sample for {task_id} holds half of a surrogate pair.")
        return self._grade(need, messages.GradeProgram(task_id, code, True), checkpoint)

    def grade_many(
        self, task_id: str, programs: Sequence[str], checkpoint: Checkpoint = carry_on
    ) -> tuple[schema.Verdict, ...]:
        """Pass or fail for each program, as fast as possible.

        Unlike in `grade`, a program that passes only after EvalPlus' sanitiser fails, a failure
        is not explained and time-outs are not confirmed. No program raises InvalidSample. A failing
        verdict names an input that fails, the first or one that failed before for this task.
        """
        need = self._need(task_id)
        return tuple(
            self._grade(
                need, messages.GradeProgram(task_id, _encodable(program), False), checkpoint
            )
            for program in programs
        )

    def spectrum(
        self,
        task_id: str,
        code: str,
        checkpoint: Checkpoint = carry_on,
        seconds: float = 2.0,
    ) -> schema.Spectrum:
        """Which lines of `code` the failing and the passing runs of a sample of its tests execute.

        The canonical solution's results come on top of `seconds`, where they are not known yet
        (`grade` needs them, too), and so does what a busy machine takes to end a process. Of a
        program that cannot be run the spectrum is empty. Raises UnknownTask, DataUnavailable,
        ResourceExhausted and RunnerFailed.
        """
        need = self._need(task_id)
        request = messages.TraceProgram(task_id, _encodable(code), seconds)
        try:
            return self._ask(need, request, schema.Spectrum, checkpoint)
        except RunnerDied:  # twice: it is the program's doing
            return schema.Spectrum(failed=0, passed=0)

    def shut_into(self, name: str) -> None:
        """Use the layer of this name (schema.SANDBOXES) from now on, in a new runner.

        Nothing is restarted where it is the one in use. Raises SandboxUnavailable where it does not
        work here: nothing is run in a weaker one then.
        """
        layer = sandbox.named(name)
        with self._lock:
            if layer != self._sandbox():
                self.close()
            self._layer = layer

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
            self._loaded_examples = None

    def _grade(
        self, need: _Need, request: messages.GradeProgram, checkpoint: Checkpoint
    ) -> schema.Verdict:
        try:
            return self._ask(need, request, schema.Verdict, checkpoint)
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
        need: _Need,
        request: messages.Message,
        kind: type[T],
        checkpoint: Checkpoint,
    ) -> T:
        """Ask the runner, once more if it dies meanwhile (killed from outside, perhaps)."""
        with self._lock:
            try:
                reply = self._ready(need, checkpoint).ask(request, checkpoint)
            except RunnerDied:
                reply = self._ready(need, checkpoint).ask(request, checkpoint)
        return _expect(reply, kind)

    def _ready(self, need: _Need, checkpoint: Checkpoint) -> RunnerProcess:
        """A living runner that holds what is needed."""
        runner = self._runner
        if runner is None or not runner.alive:
            self.close()
            runner = self._runner = RunnerProcess(self._sandbox(), checkpoint)
        if isinstance(need, messages.LoadExamples):
            if need != self._loaded_examples:
                self._loaded_examples = None
                _expect(runner.ask(need, checkpoint), schema.Task)
                self._loaded_examples = need
        elif need is not None and need not in self._loaded:
            self._load(runner, need, checkpoint)
        return runner

    def _load(self, runner: RunnerProcess, dataset: schema.Dataset, checkpoint: Checkpoint) -> None:
        if dataset not in self._files:
            self._files[dataset] = data.read(dataset, checkpoint)
        file = self._files[dataset]
        request = messages.LoadData(dataset, file.content, file.source)
        reply = runner.ask(request, checkpoint)
        if isinstance(reply, messages.Failed):
            del self._files[dataset]  # read anew once it is repaired
        _expect(reply, messages.TaskIds)
        self._loaded.add(dataset)

    def _need(self, task_id: str) -> _Need:
        """What holds this task. Raises UnknownTask where `task_id` is no id."""
        if (function := schema.doctest_function(task_id)) is not None:
            if task_id in self._examples:
                return self._examples[task_id]
            raise errors.UnknownTask(
                f"The examples of `{function}` are those of one file: ask about that file."
            )
        if (problem := schema.task_id_problem(task_id)) is not None:
            raise errors.UnknownTask(problem)
        return _DATASETS[task_id.partition("/")[0]]

    def _sandbox(self) -> sandbox.Sandbox:
        return self._layer or sandbox.choose()


def _encodable(code: str) -> str:
    """`code` with `?` for what UTF-8 cannot say."""
    return code.encode(errors="replace").decode()


def _expect(reply: object, kind: type[T]) -> T:
    if isinstance(reply, messages.Failed):
        raise errors.from_code(reply.code, reply.message)
    if not isinstance(reply, kind):
        raise errors.RunnerFailed(f"The test runner answered with {type(reply).__name__}.")
    return reply
