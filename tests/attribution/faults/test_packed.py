"""A search packs the weights while it decodes, and gives them back whatever ends it."""

import copy
from collections.abc import Callable

import pytest
from attrs import evolve
from transformers import PreTrainedModel

from attribution import decoding
from attribution.decoding import linear
from attribution.decoding.linear import is_packed
from attribution.errors import Cancelled
from attribution.faults.curve import CurveSearch, Plan
from attribution.faults.search import Budget, Subject
from attribution.samples.tokenisation import with_scores
from attribution.schema import ContrastPair
from tests.attribution.decoding.test_linear import NEEDS_OPERATORS, replaced
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
pytestmark = NEEDS_OPERATORS


@pytest.fixture
def single(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """The same sample in float32: nothing else is packed."""
    monkeypatch.setattr(linear, "available_memory", lambda: 2**40)
    model, made = copy.deepcopy(subject.model).float(), subject.generation
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length, 3)
    made = with_scores(made, prefix, subject.tokenizer)
    return evolve(subject, model=model, generation=made, prefix=prefix)


def test_the_weights_are_packed_while_it_decodes(single: Subject) -> None:
    seen: list[bool] = []
    search = begin(single)
    run(search, Judge(some), checkpoint=lambda: seen.append(is_packed(single.model)))
    assert seen[-1]  # before that it packs
    assert not replaced(single.model)


def test_a_curve_samples_over_packed_weights(single: Subject) -> None:
    seen: list[bool] = []
    curve = CurveSearch.of(single, Plan(samples=2, temperature=0.8, drop=0.2))
    for _ in curve.run(600.0, Judge(some), lambda: seen.append(is_packed(single.model))):
        pass
    assert seen[-1]
    assert not replaced(single.model)


def test_packing_changes_no_result(single: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = begin(single), begin(single)
    run(fast, Judge(some))
    monkeypatch.setattr(linear, "available_memory", lambda: 0)
    run(slow, Judge(some))
    assert known(fast) == known(slow)


def test_a_search_that_is_left_or_fails_gives_the_weights_back(single: Subject) -> None:
    def leave(model: PreTrainedModel) -> None:
        events = begin(single).run(PLENTY, Judge(some), lambda: None, exhaust=True)
        assert any(isinstance(event, ContrastPair) for event in events)
        assert is_packed(model)
        events.close()  # type: ignore[attr-defined]

    def cancel(model: PreTrainedModel) -> None:
        def give_up() -> None:
            if is_packed(model):
                raise Cancelled

        with pytest.raises(Cancelled):
            run(begin(single), Judge(never), checkpoint=give_up)

    def fail(_model: PreTrainedModel) -> None:
        def judge(_program: str) -> bool:
            raise MemoryError

        with pytest.raises(MemoryError):
            run(begin(single), Judge(judge))

    ways: list[Callable[[PreTrainedModel], None]] = [leave, cancel, fail]
    for end in ways:
        end(single.model)
        assert not replaced(single.model)


def test_what_is_over_packs_nothing(single: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same request again only repeats what is known."""
    whole, spent = begin(single), begin(single)
    run(whole, Judge(some))
    budget = Budget(10_000, 1e-6)
    run(spent, Judge(never), budget)

    def refuse(_model: PreTrainedModel) -> None:
        raise AssertionError("it packs")

    monkeypatch.setattr(linear, "_packable", refuse)
    pairs, report = run(whole, Judge(some))
    assert pairs
    assert report.complete
    run(spent, Judge(never), budget)
