"""What costs nothing: programs that are no Python or are known, and the rest of a known way."""

import time
from collections.abc import Callable

import pytest

from attribution.decoding.rollout import Rollout
from attribution.faults import search as search_module
from attribution.faults import tester as tester_module
from attribution.faults.attempts import Attempt
from attribution.faults.schedule import Schedule
from attribution.faults.search import Search, Subject
from attribution.faults.tester import Programs
from tests.attribution.fault_cases import (
    PLENTY,
    Judge,
    begin,
    known,
    never,
    run,
    short,
    some,
    subject,
)

__all__ = ["short", "subject"]  # fixtures


def test_what_is_no_python_fails_without_being_run() -> None:
    programs, judge = Programs(), Judge(lambda _: True)
    programs.ask("def f(:\n", 1.0)
    programs.ask("x = 1\n", 0.0)
    found: list[str] = []
    with tester_module.Tester(programs, judge) as tester:
        while len(found) < 2:
            found += tester.news(1.0)
    assert programs.verdicts == {"def f(:\n": False, "x = 1\n": True}
    assert judge.asked == ["x = 1\n"]
    assert programs.tested == 1


def test_a_program_is_run_once_however_often_it_is_asked_for() -> None:
    programs, judge = Programs(), Judge(never)
    found: list[str] = []
    with tester_module.Tester(programs, judge) as tester:
        for again in (False, True, False, True):
            tester.ask("x = 1\n", 0.0, again)
        while len(found) < 3:  # where it is asked for again, its verdict is news again
            found += tester.news(1.0)
    assert found == ["x = 1\n"] * 3
    assert (judge.asked, programs.tested) == (["x = 1\n"], 1)


def test_programs_are_tested_while_the_model_decodes(subject: Subject) -> None:
    """The test of the first one does not end before more has been written."""
    search, waited = begin(subject), False

    def judge(_program: str, _checkpoint: Callable[[], None]) -> bool:
        nonlocal waited
        goal, end = search.work.written + 32, time.monotonic() + 20
        while not waited and search.work.written < goal:
            assert time.monotonic() < end
            time.sleep(0.001)
        waited = True
        return False

    list(search.run(PLENTY, judge, lambda: None, exhaust=True))
    assert waited


def test_a_rollout_that_rejoins_is_hopeless_once_what_it_becomes_has_failed(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "_REJOINED", 2)
    search = begin(subject)
    start, ids = subject.prefix.prompt_length, subject.prefix.ids
    attempt = next(search._first(c) for c in search.ordered if c.position == start + 1)
    rest = [ids[start], attempt.candidate.contrast.id, *ids[start + 2 :]]
    becomes = subject.generation.prompt + str(subject.tokenizer.decode(rest))
    programs = search.findings.programs
    tester, verdicts = tester_module.Tester(programs, Judge(never)), programs.verdicts
    programs.asked.clear()  # it would be tested as a substitution, too
    (root,) = search._plant()._roots
    row = Rollout.of(attempt.branch, root)
    row.write(ids[start + 2])
    assert not search._is_hopeless(row, tester)
    assert not programs.asked
    row.write(ids[start + 3])
    assert not search._is_hopeless(row, tester)
    assert programs.asked == {becomes}
    for passed in (True, False):
        verdicts[becomes] = passed
        assert search._is_hopeless(row, tester) is not passed


def test_putting_aside_what_leads_nowhere_changes_no_result(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside: list[Attempt] = []
    put_aside = Schedule.put_aside

    def noted(self: Schedule, attempt: Attempt) -> None:
        aside.append(attempt)
        put_aside(self, attempt)

    whole, hasty = begin(subject), begin(subject)
    run(whole, Judge(some))
    monkeypatch.setattr(Schedule, "put_aside", noted)
    monkeypatch.setattr(search_module, "_LONG_LINE", 1)  # none waits for the end of its line
    monkeypatch.setattr(Search, "_is_hopeless", lambda *_: True)
    _, report = run(hasty, Judge(some))
    assert aside
    assert report.complete
    assert known(hasty) == known(whole)
