"""A rollout's first line is tried in the original before the rest of it is written."""

import math

import pytest
from attrs import evolve
from transformers import PreTrainedTokenizerFast

from attribution.decoding import forest as forest_module
from attribution.faults import search as search_module
from attribution.faults.attempts import Attempt, Stage, first
from attribution.faults.findings import Findings
from attribution.faults.line_patches import line_patches
from attribution.faults.schedule import Schedule, rest_of
from attribution.faults.search import Subject
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import Form, Generation
from tests.attribution.fault_cases import TASK, Judge, begin, known, run, short, some, subject

__all__ = ["short", "subject"]  # fixtures
BODY = "    y = x + 1\n    return y\n"


@pytest.fixture
def made(tokenizer: PreTrainedTokenizerFast) -> Generation:
    return from_text(TASK, Split(Form.DIRECT, "def f(x):\n", BODY), tokenizer)


def within(made: Generation, text: str) -> int:
    """The position of the token that holds the first character of `text`."""
    where = made.code.index(text)
    return next(
        p
        for p, token in enumerate(made.tokens)
        if token.start <= where < token.end and p >= made.prompt_length
    )


def test_the_line_takes_the_place_of_its_own(made: Generation) -> None:
    position = within(made, "+")
    head = made.code[: made.tokens[position].start]
    assert line_patches(made, position, head + " - 2\n    z = 3") == [head + " - 2\n    return y\n"]
    assert line_patches(made, position, head + " - 2") == []  # it has no end yet
    assert line_patches(made, position, head + "\n\n") == []  # blank lines are no line


def test_at_the_head_of_a_line_it_may_stand_before_it(made: Generation) -> None:
    position = within(made, "    y = x")
    head = made.code[: made.tokens[position].start]
    line = "    if x:\n"
    written = head + line + "        return x\n"
    assert line_patches(made, position, written) == [
        head + line + "    return y\n",
        head + line + BODY,
    ]


def test_behind_the_last_line_there_is_nothing_to_keep(tokenizer: PreTrainedTokenizerFast) -> None:
    made = from_text(TASK, Split(Form.DIRECT, "x = 1\n", "y = x"), tokenizer)
    position = within(made, "= x")
    head = made.code[: made.tokens[position].start]
    assert line_patches(made, position, head + " 2\nz = 3\n") == [head + " 2\n"]


def attempts(subject: Subject) -> list[Attempt]:
    return [first(candidate, 20) for candidate in begin(subject).ordered[:4]]


def test_what_was_begun_goes_on_by_its_score_and_costs_no_rollout(subject: Subject) -> None:
    schedule, waiting = Schedule(), attempts(subject)
    for attempt in waiting:
        schedule.push(attempt)
    begun = [schedule.next(2) for _ in range(2)]
    assert [a and a.stage for a in begun] == [Stage.LINE, Stage.LINE]
    for started in begun:
        assert started is not None
        schedule.postpone(rest_of(started))
    again = [schedule.next(2) for _ in range(3)]  # no rollout is left for new ones
    assert [a and (a.candidate, a.stage) for a in again] == [
        (waiting[0].candidate, Stage.REST),
        (waiting[1].candidate, Stage.REST),
        None,
    ]
    assert schedule.rollouts == 2
    assert not schedule.has(2)
    assert schedule.has(3)


def test_the_best_that_waits_is_what_comes_next(subject: Subject) -> None:
    schedule, (one, two, *_) = Schedule(), attempts(subject)
    assert schedule.best(9) == -math.inf
    schedule.push(one)
    assert schedule.best(9) == one.score
    assert schedule.best(0) == -math.inf  # no rollout is left for it
    schedule.postpone(rest_of(two))
    assert schedule.best(0) == rest_of(two).score < two.score
    schedule.put_back(two)
    assert schedule.best(0) == math.inf


def test_a_line_that_repairs_calls_its_rollout_once(subject: Subject) -> None:
    schedule, waiting = Schedule(), attempts(subject)
    for attempt in waiting:
        schedule.push(attempt)
    begun = [schedule.next(9) for _ in range(3)]
    for started in begun:
        assert started is not None
        schedule.postpone(rest_of(started))
    last = waiting[2]
    schedule.call(last)
    schedule.call(last)  # by a second line with the same candidate
    urgent = schedule.next(9, urgent=True)
    assert urgent is not None
    assert (urgent.candidate, urgent.stage) == (last.candidate, Stage.REST)
    assert schedule.next(9, urgent=True) is None
    rest = [schedule.next(3) for _ in range(3)]
    assert [a and a.candidate for a in rest] == [waiting[0].candidate, waiting[1].candidate, None]


@pytest.mark.parametrize("passed", [True, False])
def test_only_a_line_that_passes_wants_its_rollout(subject: Subject, passed: bool) -> None:
    findings, (candidate, *_) = Findings(subject.generation), begin(subject).ordered
    findings.patched("a program", candidate)
    findings.programs.verdicts["a program"] = passed
    assert findings.judged("a program", 1.0) == ([candidate] if passed else [], [])
    assert findings.judged("a program", 1.0) == ([], [])
    assert not findings.pairs  # its own rollout must prove it


_POSTPONE = Schedule.postpone


def put_by(schedule: Schedule, noted: list[Attempt], attempt: Attempt) -> None:
    noted.append(attempt)
    _POSTPONE(schedule, attempt)


@pytest.mark.parametrize("score", [-1e9, 1e9], ids=["waits", "goes on"])
def test_waiting_after_the_first_line_changes_no_result(
    score: float, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Attempt] = []  # their first line is written

    def noted(attempt: Attempt) -> Attempt:
        begun.append(attempt)
        return evolve(rest_of(attempt), score=score)

    waiting: list[Attempt] = []
    monkeypatch.setattr(forest_module, "_CPU_WIDTH", 4)  # so that there is something better
    monkeypatch.setattr(search_module, "rest_of", noted)
    monkeypatch.setattr(Schedule, "postpone", lambda self, one: put_by(self, waiting, one))
    whole, hasty = begin(subject), begin(subject)
    run(whole, Judge(some))
    assert not begun  # its programs have one line
    monkeypatch.setattr(search_module, "_LONG_LINE", 2)
    _, report = run(hasty, Judge(some))
    assert len(begun) > 4
    assert (len(waiting) > 4) == (score < 0)
    assert report.complete
    assert known(hasty) == known(whole)
