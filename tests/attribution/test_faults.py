"""The order of the search, what it reports, and which of the proved pairs it prefers."""

from collections.abc import Sequence

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding, faults
from attribution.errors import Cancelled
from attribution.generation import Split, from_completion, from_text, with_scores
from attribution.prompts import Stops
from attribution.schema import (
    ContrastPair,
    Dataset,
    Form,
    Origin,
    Progress,
    SearchReport,
    Status,
    Task,
    TokenChoice,
    Verdict,
)

TASK = Task("HumanEval/0", Dataset.HUMANEVAL, "x = 1\n", "x", "", ())
STOPS = Stops(("\n",), frozenset())


@pytest.fixture(scope="module")
def subject(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> faults.Subject:
    """What the tiny model writes after a one-line prompt, with scores."""
    prompt_ids = tokenizer(TASK.prompt).input_ids
    done = decoding.generate(
        model, tokenizer, prompt_ids, STOPS, max_new_tokens=12, checkpoint=lambda _: None
    )
    made = from_completion(TASK, Form.DIRECT, tokenizer, TASK.prompt, done)
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length)
    made = with_scores(made, prefix.scores, tokenizer)
    return faults.Subject(model, tokenizer, made, prefix, STOPS)


def judge_by(accept: str) -> faults.Judge:
    """A real judgement of a program's text: does it contain `accept`?"""

    def judge(programs: Sequence[str]) -> list[Verdict]:
        return [
            Verdict("HumanEval/0", Status.PASS if accept in program else Status.FAIL, ())
            for program in programs
        ]

    return judge


def run(subject: faults.Subject, accept: str, rollouts: int = 24) -> list[object]:
    budget = faults.Budget(rollouts, 600)
    return list(faults.search(subject, judge_by(accept), budget, lambda: None))


def test_candidates_come_lowest_margin_first(subject: faults.Subject) -> None:
    found = faults.candidates(subject.generation, subject.prefix.scores)
    made = subject.generation
    assert {c.contrast.rank for c in found} == {2, 3, 4}
    margins: list[tuple[bool, float]] = []
    for candidate in found:
        best, second = made.alternatives[candidate.position - made.prompt_length][:2]
        layout = not made.tokens[candidate.position].text.strip()
        margins.append((layout, best.logit - second.logit))
        assert candidate.logit_diff == pytest.approx(
            best.logit
            - made.alternatives[candidate.position - made.prompt_length][
                candidate.contrast.rank - 1
            ].logit
        )
    assert margins == sorted(margins)


def test_prose_comes_last(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    split = Split(Form.DIRECT, TASK.prompt, "y = x + 1  # because of x\nreturn y\n")
    made = from_text(TASK, split, tokenizer)
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length)
    found = faults.candidates(with_scores(made, prefix.scores, tokenizer), prefix.scores)
    comment = range(split.code.index("#"), split.code.index("\nreturn"))
    late = [made.tokens[c.position].start in comment for c in found]
    assert late == sorted(late)
    assert any(late)
    assert not all(late)


def test_a_pair_is_what_the_rollout_proved(subject: faults.Subject) -> None:
    made = subject.generation
    wanted = faults.candidates(made, subject.prefix.scores)[0].contrast.text
    events = run(subject, made.prompt, rollouts=3)
    assert isinstance(events[0], Progress)
    pairs = [e for e in events if isinstance(e, ContrastPair)]
    assert len(pairs) == 3  # every rollout contains the prompt
    assert pairs[0].contrast.text == wanted
    for pair in pairs:
        token = made.tokens[pair.position]
        assert (pair.target.id, pair.target.rank) == (token.id, 1)
        assert pair.repaired_program is not None
        assert pair.repaired_program.startswith(made.code[: token.start])
        assert pair.origin is Origin.VERIFIED
    assert isinstance(events[-1], SearchReport)
    assert (events[-1].rollouts, events[-1].proved) == (3, 3)


def test_the_search_says_why_it_found_nothing(subject: faults.Subject) -> None:
    report = run(subject, "\0 cannot be written")[-1]
    assert isinstance(report, SearchReport)
    assert report.proved == 0
    assert report.rollouts == 24
    assert "24 of" in report.message


def test_results_do_not_depend_on_the_batch(
    subject: faults.Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def programs() -> list[str | None]:
        return [
            e.repaired_program
            for e in run(subject, subject.generation.prompt, 6)
            if isinstance(e, ContrastPair)
        ]

    monkeypatch.setattr(faults, "CLEAR_CASE", float("inf"))
    together = programs()
    monkeypatch.setattr(faults, "_BATCH", 1)
    assert programs() == together


def test_cancel_ends_the_search(subject: faults.Subject) -> None:
    def checkpoint() -> None:
        raise Cancelled

    search = faults.search(subject, judge_by(""), faults.Budget(8, 9), checkpoint)
    with pytest.raises(Cancelled):
        list(search)


def pair_of(program: str, logit_diff: float) -> ContrastPair:
    choice = TokenChoice(1, "a", 1)
    return ContrastPair(3, choice, choice, logit_diff, Origin.VERIFIED, program)


def test_the_smallest_repair_wins_then_the_largest_difference() -> None:
    failing = "def f(x):\n    return x + 1\n"
    small, clear = pair_of(failing.replace("+", "-"), 0.5), pair_of(failing.replace("+", "*"), 2.0)
    large = pair_of("def f(x):\n    y = x\n    return y - 1\n", 9.0)
    assert faults.best([large, small, clear], failing) is clear
    assert faults.repair_size(failing, failing.replace("    ", "\t")) == 0


def test_what_the_model_would_never_have_written_is_tried_first(
    subject: faults.Subject, tokenizer: PreTrainedTokenizerFast
) -> None:
    """In a sample that somebody edited, the most surprising token is the first suspect."""
    made = subject.generation
    place = len(made.tokens) - 5
    least = int(subject.model(torch.tensor([subject.prefix.ids])).logits[0, place - 1].argmin())
    ids = [t.id for t in made.tokens]
    ids[place] = least
    prefix = decoding.prefill(subject.model, ids, made.prompt_length)
    foreign = tuple(evolve(t, id=i) for t, i in zip(made.tokens, ids, strict=True))
    edited = with_scores(evolve(made, tokens=foreign), prefix.scores, tokenizer)
    first = faults.candidates(edited, prefix.scores)[0]
    assert first.position == place
    assert first.target.rank == len(tokenizer)
    assert (first.contrast.rank, first.logit_diff < 0) == (1, True)


def test_the_budget_of_seconds_ends_a_batch(subject: faults.Subject) -> None:
    events = list(faults.search(subject, judge_by(""), faults.Budget(8, -1.0), lambda: None))
    assert isinstance(events[-1], SearchReport)
    assert events[-1].rollouts == 0
