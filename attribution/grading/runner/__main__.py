"""The test runner: `python -m attribution.grading.runner`, started by the grader in its sandbox.

Answers the requests of messages.py on standard input with frames on standard output, one at a
time; imports EvalPlus once and forks a child per program. No torch, no network, no file of the
user: data arrive as frames. Ends with its standard input.
"""

import os
import signal
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from attribution.grading.runner.judge import Judge
    from attribution.grading.runner.problems import Library


def _claim_stdout() -> IO[bytes]:
    """Standard output for frames alone: whatever else prints goes to standard error."""
    frames = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return frames


class _Channel:
    """Frames from and to the grader; also what is listened to while a program runs."""

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._requests = requests
        self._replies = replies
        self._current = 0

    def fileno(self) -> int:
        return self._requests.fileno()

    def next(self) -> object:
        """The next request; raises EOFError when the grader is gone."""
        from attribution.grading import messages
        from attribution.ipc import wire

        frame = wire.read_blocking(self._requests, messages)
        self._current = frame.id
        return frame.value

    def handle(self) -> None:
        """A frame while a program runs: the grader cancels (or is gone: EOFError)."""
        from attribution.errors import Cancelled
        from attribution.grading import messages
        from attribution.ipc import wire

        frame = wire.read_blocking(self._requests, messages)
        if isinstance(frame.value, messages.Cancel) and frame.id == self._current:
            raise Cancelled

    def reply(self, value: object) -> None:
        from attribution.ipc import wire

        data = memoryview(wire.encode(self._current, value))
        while data:  # an unbuffered pipe may take less than all
            data = data[self._replies.write(data) :]


def _serve(channel: _Channel) -> None:
    from attribution import __version__, errors
    from attribution.grading import messages
    from attribution.grading.runner import children
    from attribution.grading.runner.judge import Judge
    from attribution.grading.runner.problems import Library
    from attribution.ipc import wire

    children.adopt_orphans()
    library = Library()
    judge = Judge(library, channel)
    channel.reply(messages.Hello(wire.PROTOCOL, __version__))
    while True:
        request = channel.next()
        if isinstance(request, messages.Cancel):
            continue  # it crossed the reply
        try:
            reply = _answer(request, library, judge)
        except errors.TokenBlameError as error:
            reply = messages.Failed(error.code, error.message)
        except (OSError, MemoryError) as error:  # no process, no room in the temporary folder
            code = errors.ResourceExhausted.code
            reply = messages.Failed(code, f"The test runner lacks resources: {error!r}")
        channel.reply(reply)


def _answer(request: object, library: "Library", judge: "Judge") -> object:
    from attribution import errors
    from attribution.grading import messages
    from attribution.grading.runner.examples import problem_of

    match request:
        case messages.LoadData(dataset, content, source):
            library.load(dataset, content, source)
            return messages.TaskIds(library.ids(dataset))
        case messages.LoadExamples(code, function):
            try:
                problem = problem_of(code, function)
            except (RecursionError, TypeError, ValueError) as error:  # text that nobody thought of
                raise errors.InvalidSample(
                    f"The examples of `{function}` cannot be read: {error!r}"
                ) from error
            return library.set_examples(problem).task
        case messages.ListTasks(dataset):
            return messages.TaskIds(library.ids(dataset))
        case messages.GetTask(task_id):
            return library.problem(task_id).task
        case messages.GradeProgram(task_id, code, thorough):
            return judge.grade(task_id, code, thorough=thorough)
        case messages.TraceProgram(task_id, code, seconds):
            return judge.spectrum(task_id, code, seconds)
    raise errors.InvalidRequest(f"The test runner does not know {type(request).__name__}.")


def main() -> None:
    replies = _claim_stdout()  # before anything else is imported
    # Ctrl-C in a terminal reaches every process; the grader decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = _Channel(os.fdopen(os.dup(0), "rb", buffering=0), replies)
    try:
        _serve(channel)
    except (EOFError, BrokenPipeError):
        sys.exit(0)


if __name__ == "__main__":
    main()
