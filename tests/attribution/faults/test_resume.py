"""A search that is interrupted, cancelled or asked again loses nothing and repeats nothing."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from attribution.errors import Cancelled, RunnerFailed
from attribution.faults.search import Budget, Subject
from attribution.schema import ContrastPair, SearchReport
from tests.attribution.fault_cases import PLENTY, Judge, begin, known, run, short, some, subject
from tests.attribution.giving_up import GiveUp

__all__ = ["short", "subject"]  # fixtures


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.integers(1, 8), max_size=5))
def test_cancel_and_resume_lose_nothing(subject: Subject, steps: Sequence[int]) -> None:
    whole = begin(subject)
    run(whole, Judge(some))
    search, judge = begin(subject), Judge(some)
    for patience in steps:
        left = patience

        def checkpoint() -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                raise Cancelled

        events = search.run(PLENTY, judge, checkpoint, exhaust=True)
        with contextlib.suppress(Cancelled):  # it may have ended before
            for _ in events:
                pass
    pairs, report = run(search, judge)
    assert known(search) == known(whole)
    assert len(judge.asked) == len(set(judge.asked))
    assert report.complete
    assert {(p.position, p.contrast.id) for p in pairs} >= {k[:2] for k in known(whole)}


def test_the_same_budget_again_repeats_and_a_larger_one_continues(subject: Subject) -> None:
    search, judge = begin(subject), Judge(some)
    budget = Budget(4, 600)
    _, before = run(search, judge, budget)
    asked = len(judge.asked)
    again, after = run(search, judge, budget)
    assert (after.rollouts, len(judge.asked)) == (before.rollouts, asked)
    assert len(again) == after.proved
    _, more = run(search, judge, PLENTY)
    assert more.rollouts > before.rollouts
    assert more.complete


def test_what_the_judge_raises_ends_the_search(subject: Subject) -> None:
    def judge(_program: str, _checkpoint: Callable[[], None]) -> bool:
        raise RunnerFailed("gone")

    search = begin(subject)
    with pytest.raises(RunnerFailed):
        list(search.run(PLENTY, judge, lambda: None))
    run(search, Judge(some))  # and it can go on
    assert search.findings.pairs


def test_the_budget_of_seconds_ends_it(subject: Subject) -> None:
    events = list(begin(subject).run(Budget(8, -1.0), Judge(some), lambda: None))
    assert isinstance(events[-1], SearchReport)
    assert events[-1].rollouts == 0


def test_what_was_half_decoded_when_the_rollouts_were_spent_is_finished(subject: Subject) -> None:
    budget, left = Budget(5, 600), 2

    def checkpoint() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Cancelled

    search, whole = begin(subject), begin(subject)
    with contextlib.suppress(Cancelled):
        list(search.run(budget, Judge(some), checkpoint, exhaust=True))
    run(search, Judge(some), budget)
    run(whole, Judge(some), budget)
    assert len(search.findings.tried) == len(whole.findings.tried) == 5
    assert known(search) == known(whole)


def test_pairs_are_told_as_they_are_proved(subject: Subject) -> None:
    """The tests stand still behind a program that passes, until its pair has arrived."""
    passed, told = False, threading.Event()

    def judge(program: str, _checkpoint: Callable[[], None]) -> bool:
        nonlocal passed
        assert not passed or told.wait(20)
        passed = passed or some(program)
        return some(program)

    search = begin(subject)
    for event in search.run(PLENTY, judge, lambda: None, exhaust=True):
        if isinstance(event, ContrastPair):
            told.set()
    assert len(search.findings.pairs) > 1


def test_cancel_takes_effect_before_the_next_layer(subject: Subject) -> None:
    search = begin(subject)
    checkpoint = GiveUp(3)  # before the pass, before its first layer, before its second
    with pytest.raises(Cancelled):
        list(search.run(PLENTY, Judge(some), checkpoint))
    assert (checkpoint.calls, search.work.forwards, search.work.written) == (3, 1, 0)


def test_cancel_does_not_wait_for_the_tests_of_a_program(subject: Subject) -> None:
    """An endless program is given up, and tested again when the search goes on."""
    search, begun, given_up = begin(subject), threading.Event(), []

    def judge(program: str, checkpoint: Callable[[], None]) -> bool:
        begun.set()
        end = time.monotonic() + 20
        try:
            while time.monotonic() < end:
                checkpoint()
                time.sleep(0.001)
        except Cancelled:
            given_up.append(program)
            raise
        return False

    def checkpoint() -> None:
        if begun.is_set():
            raise Cancelled

    with pytest.raises(Cancelled):
        list(search.run(PLENTY, judge, checkpoint))
    later = Judge(some)
    run(search, later, Budget(10_000, 100))
    assert len(given_up) == 1
    assert given_up[0] in later.asked
