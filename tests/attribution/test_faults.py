"""What the search tries, proves, reports, and keeps over interruptions."""

import contextlib
from collections.abc import Callable, Sequence

import pytest
import torch
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding import forest
from attribution.errors import Cancelled, RunnerFailed
from attribution.faults import search as search_module
from attribution.faults.candidates import Evidence, candidates
from attribution.faults.search import Budget, Search, Subject
from attribution.faults.syntax import Kind
from attribution.generation import Split, from_completion, from_text, with_scores
from attribution.prompts import Stops
from attribution.schema import (
    ContrastPair,
    Dataset,
    Form,
    Origin,
    Outcome,
    Progress,
    SearchReport,
    Task,
)

# Within a comment, whatever a random model writes is Python.
TASK = Task("HumanEval/0", Dataset.HUMANEVAL, "x = 1  # a", "x", "", ())
STOPS = Stops(("\n",), frozenset())
PLENTY = Budget(10_000, 600)


@pytest.fixture(scope="module")
def subject(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Subject:
    """What the tiny model writes after a one-line prompt, with scores."""
    prompt = (tokenizer(TASK.prompt).input_ids, STOPS)
    ((_, done),) = decoding.generate(
        model, tokenizer, [prompt], max_new_tokens=10, checkpoint=lambda _: None
    )
    made = from_completion(TASK, Form.DIRECT, tokenizer, TASK.prompt, done)
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length, 3)
    made = with_scores(made, prefix.scores, tokenizer)
    return Subject(model, tokenizer, made, prefix, STOPS)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model seldom ends by itself."""
    monkeypatch.setattr(search_module, "_ROOM", 6)


def begin(subject: Subject) -> Search:
    made, scores = subject.generation, subject.prefix.scores
    return Search.of(subject, candidates(made, scores, subject.tokenizer))


class Judge:
    """A real judgement of a program's text; remembers what it was asked."""

    def __init__(self, accept: Callable[[str], bool]) -> None:
        self.accept = accept
        self.asked: list[str] = []

    def __call__(self, program: str, checkpoint: Callable[[], None]) -> bool:
        checkpoint()
        self.asked.append(program)
        return self.accept(program)


def run(
    search: Search,
    judge: Judge,
    budget: Budget = PLENTY,
    checkpoint: Callable[[], None] = lambda: None,
    *,
    exhaust: bool = True,
) -> tuple[list[ContrastPair], SearchReport]:
    events = list(search.run(budget, judge, checkpoint, exhaust=exhaust, trials=True))
    report = events.pop()
    assert isinstance(report, SearchReport)
    return [e for e in events if isinstance(e, ContrastPair)], report


def known(search: Search) -> set[tuple[int, int, str | None, Origin]]:
    return {
        (p.position, p.contrast.id, p.repaired_program, p.origin)
        for p in search.findings.pairs.values()
        if p.second is None
    }


def never(_program: str) -> bool:
    return False


def some(program: str) -> bool:
    """Accepts about a fifth of all programs, the same ones every time."""
    return sum(map(ord, program)) % 5 == 0


def test_every_alternative_is_a_candidate(subject: Subject) -> None:
    made, scores = subject.generation, subject.prefix.scores
    found = candidates(made, scores, subject.tokenizer)
    visible = [t for t in made.tokens[made.prompt_length :] if t.start < t.end]
    assert len({c.position for c in found}) == len(visible)
    assert len(found) == 2 * len(visible)  # three kept, one of them stands there
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    for candidate in found:
        best, *others = made.alternatives[candidate.position - made.prompt_length]
        other = next(a for a in others if a.id == candidate.contrast.id)
        assert candidate.logit_diff == pytest.approx(best.logit - other.logit)
        assert candidate.log_probability == pytest.approx(
            torch.tensor(other.probability).log().item(), abs=1e-4
        )


def test_syntax_and_lines_change_the_order(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    task = evolve(TASK, prompt="x = 1\n")
    split = Split(Form.DIRECT, task.prompt, "y = x + 1  # because of x\nreturn y\n")
    made = from_text(task, split, tokenizer)
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length)
    made = with_scores(made, prefix.scores, tokenizer)
    plain = candidates(made, prefix.scores, tokenizer)
    comment = range(split.code.index("#"), split.code.index("\nreturn"))
    for candidate in plain:
        token = made.tokens[candidate.position]
        assert (candidate.kind is Kind.PROSE) == (
            token.start in comment and bool(token.text.strip())
        ) or not token.text.strip()
    suspected = candidates(made, prefix.scores, tokenizer, Evidence({3: 1.0}))
    where = {c.position: made.code.count("\n", 0, made.tokens[c.position].start) + 1 for c in plain}
    mean = [
        sum(i for i, c in enumerate(order) if where[c.position] == 3)
        for order in (plain, suspected)
    ]
    assert mean[1] < mean[0]


def test_pairs_are_what_the_tests_accept(subject: Subject) -> None:
    search, judge = begin(subject), Judge(some)
    pairs, report = run(search, judge)
    assert pairs
    made = subject.generation
    for pair in search.findings.pairs.values():
        token = made.tokens[pair.position]
        assert pair.repaired_program is not None
        assert some(pair.repaired_program)
        assert pair.repaired_program.startswith(made.code[: token.start])
        assert (pair.target.id, pair.target.rank) == (token.id, 1)
        if pair.origin is Origin.SUBSTITUTED:
            rest = made.code[token.end :]
            assert pair.repaired_program.endswith(pair.contrast.text + rest)
    assert len(judge.asked) == len(set(judge.asked)) == report.programs
    assert made.code not in judge.asked
    assert report.complete
    assert report.proved == len(search.findings.pairs)
    assert report.pivotal == max(
        p.position for p in search.findings.pairs.values() if p.second is None
    )
    assert report.pivotal_certain
    assert report.own_share == 1.0


def test_rollouts_are_those_of_plain_greedy_decoding(subject: Subject) -> None:
    search = begin(subject)
    run(search, Judge(some))
    verified = [p for p in search.findings.pairs.values() if p.origin is Origin.VERIFIED]
    assert verified
    limit = len(subject.prefix.ids) + 6
    for pair in verified:
        branch = decoding.Branch(pair.position, (pair.contrast.id,), limit - pair.position)
        (done,) = decoding.rollouts(
            subject.model,
            subject.tokenizer,
            subject.prefix,
            [branch],
            STOPS,
            checkpoint=lambda _: None,
            width=1,
        )
        assert pair.repaired_program == subject.generation.prompt + done.text


def test_the_search_says_why_it_found_nothing(subject: Subject) -> None:
    open_end, ended = (
        evolve(subject, generation=evolve(subject.generation, finished=f)) for f in (False, True)
    )
    pairs, report = run(begin(open_end), Judge(never))
    assert (pairs, report.proved, report.first_seconds) == ([], 0, None)
    assert report.outcome is Outcome.UNFINISHED
    assert run(begin(ended), Judge(never))[1].outcome is Outcome.EXHAUSTED
    small = run(begin(ended), Judge(never), Budget(1, 600))[1]
    assert small.outcome is Outcome.BUDGET
    assert "larger budget" in small.message
    assert small.rollouts == 1


def test_a_clear_pair_ends_the_search(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "_ROWS", 1)
    clear = sorted((c for c in begin(subject).ordered if c.logit_diff > 1), key=lambda c: -c.score)[
        0
    ]
    made = subject.generation

    def accept(program: str) -> bool:
        start = made.tokens[clear.position].start
        return program.startswith(made.code[:start] + clear.contrast.text) and program != made.code

    _, early = run(begin(subject), Judge(accept), exhaust=False)
    _, late = run(begin(subject), Judge(accept))
    assert early.outcome is late.outcome is Outcome.CLEAR
    assert early.rollouts < late.rollouts


def test_results_do_not_depend_on_the_batch(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, alone = begin(subject), begin(subject)
    run(together, Judge(some))
    monkeypatch.setattr(forest, "_ROWS", 1)
    run(alone, Judge(some))
    assert known(together) == known(alone)


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


def test_two_tokens_repair_where_one_does_not(subject: Subject) -> None:
    """A judge that wants the second flip of some rollout, found by trying all of them once."""
    scout, judge = begin(subject), Judge(never)
    run(scout, judge)
    mutants = set(begin(subject).findings._mutants)
    firsts = {
        subject.generation.prompt + done.text
        for done in decoding.rollouts(
            subject.model,
            subject.tokenizer,
            subject.prefix,
            [search_branch(c.position, c.contrast.id, subject) for c in scout.ordered],
            STOPS,
            checkpoint=lambda _: None,
        )
    }
    wanted = next(p for p in reversed(judge.asked) if p not in mutants | firsts)
    search = begin(subject)
    _, report = run(search, Judge(lambda program: program == wanted))
    found = list(search.findings.pairs.values())
    assert {p.origin for p in found} == {Origin.TWO_TOKENS}
    assert all(p.second is not None and p.repaired_program == wanted for p in found)
    assert report.pivotal is None


def search_branch(position: int, token: int, subject: Subject) -> decoding.Branch:
    return decoding.Branch(position, (token,), len(subject.prefix.ids) + 6 - position)


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


def test_progress_counts(subject: Subject) -> None:
    for event in begin(subject).run(PLENTY, Judge(never), lambda: None):
        if isinstance(event, Progress):
            assert event.fraction is not None
            assert 0 <= event.fraction <= 1
