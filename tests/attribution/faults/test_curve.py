"""The curve of pass rates: what is sampled, where it is halved, and what it does not depend on."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding.prompts import Stops
from attribution.errors import Cancelled, InvalidRequest
from attribution.faults.curve import CurveSearch, Plan
from attribution.faults.search import Subject
from attribution.samples.tokenisation import Split, from_text, with_scores
from attribution.schema import (
    Dataset,
    Form,
    PassCurve,
    Progress,
    Task,
)

# All that is written is a comment, so that whatever the model says can be parsed.
HEAD = "x = 1  # "
TASK = Task("HumanEval/0", Dataset.HUMANEVAL, HEAD, "x", "", ())
OUTPUT = "the first number in the list that is greater than zero, or the default number"
SIGNS = "\n\r()[]{}=:.<>_\"'"  # any of them ends it, so that continuations are short
STOPS = Stops(tuple(SIGNS), frozenset())
PLAN = Plan(samples=8, temperature=0.8, drop=0.2)

Judge = Callable[[str, Callable[[], None]], bool]


def subject_of(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    output: str = OUTPUT,
    stops: Stops = STOPS,
    form: Form = Form.DIRECT,
) -> Subject:
    made = from_text(TASK, Split(form, HEAD, output), tokenizer)
    ids = [token.id for token in made.tokens]
    prefix = decoding.prefill(model, ids, made.prompt_length)
    return Subject(model, tokenizer, with_scores(made, prefix, tokenizer), prefix, stops)


@pytest.fixture(scope="module")
def subject(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Subject:
    """A sample that the tiny model would hardly write itself."""
    return subject_of(model, tokenizer)


def broken_by(subject: Subject, position: int) -> Judge:
    """Programs pass unless they are the sample up to and with this token.

    So the rate is 0 behind it, and before it 1 minus the chance of writing the sample again.
    """
    head = subject.generation.code[: subject.generation.tokens[position].end]
    return lambda program, _: not program.startswith(head)


def curve_of(
    subject: Subject, judge: Judge, plan: Plan = PLAN, seconds: float = 600.0
) -> PassCurve:
    *_, last = CurveSearch.of(subject, plan).run(seconds, judge, lambda: None)
    assert isinstance(last, PassCurve)
    return last


def places(subject: Subject) -> range:
    return range(subject.generation.prompt_length, len(subject.generation.tokens) + 1)


# What is sampled


def sampled(subject: Subject, position: int, seed: int, limit: int) -> str:
    """The definition, without a cache: keep the tokens before `position`, draw the others."""
    ids, start = list(subject.prefix.ids[:position]), subject.prefix.prompt_length
    draw = torch.Generator().manual_seed(seed)
    text = subject.tokenizer.decode(ids[start:])
    assert isinstance(text, str)
    while len(ids) < position + limit and not set(text) & set(SIGNS):
        with torch.no_grad():
            logits = subject.model(torch.tensor([ids])).logits[0, -1]
        chances = torch.softmax(logits / PLAN.temperature, -1)
        ids.append(int(torch.multinomial(chances, 1, generator=draw)))
        text = str(subject.tokenizer.decode(ids[start:]))
    return HEAD + "".join(itertools.takewhile(lambda sign: sign not in SIGNS, text))


def test_a_point_is_what_the_model_writes_behind_the_tokens_before_it(subject: Subject) -> None:
    search = CurveSearch.of(subject, evolve(PLAN, samples=2))
    seen: list[str] = []

    def judge(program: str, _: Callable[[], None]) -> bool:
        seen.append(program)
        return False

    *_, curve = search.run(600.0, judge, lambda: None)
    assert isinstance(curve, PassCurve)
    positions = [point.position for point in curve.points]
    assert positions == [places(subject)[k] for k in (0, (len(places(subject)) - 1) // 2, -1)]
    output = len(places(subject)) - 1
    expected = {
        sampled(subject, p, p * 2**16 + k, len(subject.prefix.ids) - p + max(64, output // 2))
        for p in positions
        for k in (0, 1)
    }
    assert set(seen) == expected - {subject.generation.code}
    assert len(seen) == len(set(seen))  # no program is tested twice


def test_in_chat_form_the_program_is_the_output_alone(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    chat = subject_of(model, tokenizer, "# the first number", form=Form.CHAT)
    seen: list[str] = []

    def judge(program: str, _: Callable[[], None]) -> bool:
        seen.append(program)
        return True

    curve = curve_of(chat, judge)
    assert any(program.startswith("# the first number") for program in seen)
    assert not any(program.startswith(HEAD) for program in seen)
    assert all(point.samples == 8 for point in curve.points)


def test_stop_sequences_of_a_foreign_sample_end_no_continuation(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Behind a token that completes one every continuation would be that one program."""
    foreign = subject_of(model, tokenizer, "the first\nnumber\nin")
    search = CurveSearch.of(foreign, PLAN)
    ends = [k + 1 for k, t in enumerate(foreign.generation.tokens) if t.text.endswith("\n")]
    assert ends
    assert search.places == [p for p in places(foreign) if p not in ends]


# Where it is halved


@pytest.mark.parametrize("offset", [0, 1, 7, 12, -2])
def test_a_known_fall_is_narrowed_down_to_its_token(subject: Subject, offset: int) -> None:
    at = places(subject)[:-1][offset]
    curve = curve_of(subject, broken_by(subject, at))
    assert curve.complete
    assert (curve.pivot, curve.steepest) == (at, (at, at + 1))
    assert curve.fall is not None
    assert curve.fall.value > 0.6
    assert curve.fall.low > 0
    assert len(curve.points) < len(places(subject)) / 2
    before, after = (p for p in curve.points if p.position in (at, at + 1))
    assert (before.samples, after.samples) == (16, 16)  # confirmed with new seeds
    assert after.passed == 0
    token = subject.generation.tokens[at].text
    assert f"With {token!r} in line 1" in curve.message


def test_a_rate_that_does_not_fall_is_not_halved(subject: Subject) -> None:
    code = subject.generation.code
    curve = curve_of(subject, lambda program, _: program != code)
    assert curve.complete
    assert len(curve.points) == 3
    assert (curve.pivot, curve.steepest, curve.fall) == (None, None, None)
    assert "falls nowhere" in curve.message


def test_a_task_that_the_model_cannot_solve_has_no_pivot(subject: Subject) -> None:
    curve = curve_of(subject, lambda *_: False)
    assert curve.complete
    assert curve.pivot is None
    assert all(point.passed == 0 for point in curve.points)
    assert "no token at which it lost the thread" in curve.message
    assert "fewer than 32%" in curve.message


def test_an_empty_sample_has_one_point(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    curve = curve_of(subject_of(model, tokenizer, ""), lambda *_: True)
    assert [point.position for point in curve.points] == [places_of_prompt(tokenizer)]
    assert curve.complete


def places_of_prompt(tokenizer: PreTrainedTokenizerFast) -> int:
    return len(tokenizer(HEAD).input_ids)


# What it does not depend on


def figures(curve: PassCurve) -> PassCurve:
    """All but what it cost in time."""
    return evolve(curve, seconds=0.0)


def by_length(program: str, _: Callable[[], None]) -> bool:
    """Passes for about half of all continuations: a noisy curve with many falls."""
    return len(program) % 2 == 0


@pytest.mark.parametrize("judge", [by_length, None])
def test_the_curve_depends_on_neither_batch_nor_the_speed_of_the_tests(
    subject: Subject, judge: Judge | None
) -> None:
    verdict = judge or broken_by(subject, places(subject)[5])

    def slow(program: str, checkpoint: Callable[[], None]) -> bool:
        time.sleep(0.002)
        return verdict(program, checkpoint)

    plan = evolve(PLAN, samples=4)
    alone = figures(curve_of(subject, verdict, evolve(plan, width=1)))
    together = figures(curve_of(subject, verdict, evolve(plan, width=64)))
    late = figures(curve_of(subject, slow, plan))
    assert alone.complete
    assert alone == together == late


def test_every_curve_holds_all_of_the_one_before(subject: Subject) -> None:
    events = list(CurveSearch.of(subject, PLAN).run(600.0, by_length, lambda: None))
    curves = [event for event in events if isinstance(event, PassCurve)]
    known: dict[int, int] = {}
    for curve in curves:
        found = {point.position: point.samples for point in curve.points}
        assert list(found) == sorted(found)
        assert all(found[position] >= samples for position, samples in known.items())
        known = found
    assert [curve.complete for curve in curves] == [False] * (len(curves) - 1) + [True]
    assert all(isinstance(event, PassCurve | Progress) for event in events)


# Budget and cancel


def test_the_budget_ends_it_with_what_is_known(subject: Subject) -> None:
    gate = threading.Event()

    def judge(program: str, checkpoint: Callable[[], None]) -> bool:
        while not gate.is_set():
            checkpoint()
            time.sleep(0.001)
        return by_length(program, checkpoint)

    (last,) = [
        event
        for event in CurveSearch.of(subject, PLAN).run(0.3, judge, lambda: None)
        if isinstance(event, PassCurve)
    ]
    assert (last.points, last.complete) == ((), False)
    assert "budget" in last.message


def test_half_a_curve_says_that_it_is_one(subject: Subject) -> None:
    """As if the budget had ended it: every curve but the last is what a budget would leave."""
    at = places(subject)[7]
    events = CurveSearch.of(subject, PLAN).run(600.0, broken_by(subject, at), lambda: None)
    partial = [e for e in events if isinstance(e, PassCurve) and not e.complete]
    wide = [e for e in partial if e.steepest is not None and e.pivot is None]
    assert wide
    for curve in wide:
        assert curve.steepest is not None
        assert curve.steepest[0] <= at < curve.steepest[1]
        assert "The curve is not complete" in curve.message


def test_cancel_ends_it_before_the_next_layer(subject: Subject) -> None:
    search, calls = CurveSearch.of(subject, PLAN), 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    running = threading.active_count()
    with pytest.raises(Cancelled):
        list(search.run(600.0, by_length, checkpoint))
    assert (calls, search.work.forwards) == (3, 1)
    assert threading.active_count() == running


def test_what_the_judge_raises_arrives(subject: Subject) -> None:
    def judge(*_: object) -> bool:
        raise InvalidRequest("no such task")

    with pytest.raises(InvalidRequest, match="no such task"):
        curve_of(subject, judge)
