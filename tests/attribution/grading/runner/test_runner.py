"""The runner's life: cancelled, killed, started anew."""

import os
import threading
import time
from pathlib import Path

import pytest

from attribution import errors
from attribution.grading.grader import Grader
from attribution.schema import Status
from tests.attribution.grading.conftest import HUMANEVAL, write_tasks

HEAD = "def last(items):\n"
RIGHT = HEAD + "    return items[-1] if items else None\n"


class _GiveUp:
    """A caller that gives up a while after the program started."""

    def __init__(self, after: float) -> None:
        self.due = time.monotonic() + after

    def __call__(self) -> None:
        if time.monotonic() > self.due:
            raise errors.Cancelled


def test_cancel_ends_a_running_program_at_once(grader: Grader) -> None:
    runner = grader._runner
    give_up = _GiveUp(after=0.3)

    with pytest.raises(errors.Cancelled):
        grader.grade("HumanEval/0", HEAD + "    while True: pass\n", give_up)

    assert time.monotonic() - give_up.due < 0.1 + 0.2  # 0.1 is the aim; the machine may be busy
    assert grader.grade("HumanEval/0", RIGHT).passed
    assert grader._runner is runner  # it stayed warm


def test_cancel_reaches_a_slow_canonical_solution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {**HUMANEVAL[0], "canonical_solution": "    while True: pass\n"}
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", write_tasks(tmp_path / "h.jsonl", [slow]))
    grader = Grader()
    grader.task("HumanEval/0")
    give_up = _GiveUp(after=0.2)
    with pytest.raises(errors.Cancelled):
        grader.grade("HumanEval/0", RIGHT, give_up)
    assert time.monotonic() - give_up.due < 0.1 + 0.2
    grader.close()


@pytest.fixture
def own_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grader:
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", write_tasks(tmp_path / "h.jsonl", HUMANEVAL))
    return Grader()


def test_next_call_starts_a_runner_that_was_killed(own_grader: Grader) -> None:
    assert own_grader.grade("HumanEval/0", RIGHT).passed
    assert own_grader._runner is not None
    own_grader._runner._process.kill()

    assert own_grader.grade("HumanEval/0", RIGHT).passed
    own_grader.close()


def test_runner_killed_during_a_call_is_replaced(own_grader: Grader) -> None:
    own_grader.task("HumanEval/0")
    runner = own_grader._runner
    assert runner is not None
    killer = threading.Timer(0.3, runner._process.kill)
    killer.start()

    verdict = own_grader.grade("HumanEval/0", HEAD + "    while True: pass\n")

    killer.join()
    assert verdict.status is Status.TIMEOUT
    assert own_grader._runner is not runner
    own_grader.close()


def test_program_that_kills_the_runner_gets_a_verdict(own_grader: Grader) -> None:
    kill = "import posix\nposix.kill(posix.getppid(), 9)\n"
    verdict = own_grader.grade("HumanEval/0", kill + RIGHT)

    assert verdict.status is Status.CRASH
    assert "test runner" in verdict.message
    assert own_grader.grade("HumanEval/0", RIGHT).passed
    own_grader.close()


def test_evalplus_timeout_variable_does_not_reach_the_runner(
    own_grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALPLUS_TIMEOUT_PER_TASK", "60")
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    look = HEAD + "    import os\n    return sorted(os.environ)\n"

    verdict = own_grader.grade("HumanEval/0", look)

    assert os.environ["EVALPLUS_TIMEOUT_PER_TASK"] == "60"
    assert verdict.actual is not None
    assert "'PATH'" in verdict.actual
    assert "EVALPLUS_TIMEOUT" not in verdict.actual
    assert "SECRET" not in verdict.actual
    own_grader.close()
