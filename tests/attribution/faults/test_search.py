"""What the search tries, proves and reports."""

import ast
from itertools import combinations

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding import forest
from attribution.faults.candidates import Candidate, Evidence, candidates
from attribution.faults.findings import Findings, exchanged
from attribution.faults.search import Budget, Search, Subject
from attribution.faults.syntax import TokenKind
from attribution.samples.tokenisation import Split, from_text, with_scores
from attribution.schema import (
    Form,
    Generation,
    Origin,
    Outcome,
    Progress,
)
from tests.attribution.fault_cases import (
    PLENTY,
    STOPS,
    TASK,
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
    made = with_scores(made, prefix, tokenizer)
    plain = candidates(made, prefix.scores, tokenizer)
    comment = range(split.code.index("#"), split.code.index("\nreturn"))
    for candidate in plain:
        token = made.tokens[candidate.position]
        assert (candidate.kind is TokenKind.PROSE) == (
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


def test_of_a_foreign_sample_the_share_of_own_tokens_is_told(subject: Subject) -> None:
    *ids, last = subject.prefix.ids
    start = subject.prefix.prompt_length
    foreign = decoding.prefill(subject.model, [*ids, (last + 1) % 400], start, 3)
    _, report = run(Search.of(evolve(subject, prefix=foreign), []), Judge(never))
    count = len(ids) + 1 - start  # all but the last are the model's own
    assert report.own_share == pytest.approx((count - 1) / count)


def test_a_pivot_is_certain_once_nothing_behind_it_is_left(subject: Subject) -> None:
    ordered = begin(subject).ordered
    pairs = combinations(ordered, 2)  # the first of each is tried first
    early, late = next((a, b) for a, b in pairs if a.position < b.position)
    wanted = by_rollout(subject, early.position, early.contrast.id)
    for rest, certain in ([], True), ([late], False):
        search = Search.of(subject, [early, *rest])
        report = run(search, Judge(lambda program: program == wanted), Budget(1, 600))[1]
        assert (report.pivotal, report.pivotal_certain) == (early.position, certain)


def test_rollouts_are_those_of_plain_greedy_decoding(subject: Subject) -> None:
    search = begin(subject)
    run(search, Judge(some))
    verified = [p for p in search.findings.pairs.values() if p.origin is Origin.VERIFIED]
    assert verified
    for pair in verified:
        assert pair.repaired_program == by_rollout(subject, pair.position, pair.contrast.id)


def test_the_search_says_why_it_found_nothing(subject: Subject) -> None:
    open_end, ended = (
        evolve(subject, generation=evolve(subject.generation, finished=f)) for f in (False, True)
    )
    pairs, report = run(begin(open_end), Judge(never))
    assert (pairs, report.proved, report.first_seconds) == ([], 0, None)
    assert report.outcome is Outcome.UNFINISHED
    assert "No termination" in report.message
    early = run(begin(open_end), Judge(never), Budget(1, 600))[1]
    assert (early.outcome, early.complete) == (Outcome.UNFINISHED, False)
    assert run(begin(ended), Judge(never))[1].outcome is Outcome.EXHAUSTED
    small = run(begin(ended), Judge(never), Budget(1, 600))[1]
    assert small.outcome is Outcome.BUDGET
    assert "larger budget" in small.message
    assert small.rollouts == 1


def test_a_clear_pair_ends_the_search(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forest, "_CPU_WIDTH", 1)
    clear = next(c for c in begin(subject).ordered if c.logit_diff > 1)
    wanted = by_rollout(subject, clear.position, clear.contrast.id)
    _, early = run(begin(subject), Judge(lambda p: p == wanted), exhaust=False)
    _, late = run(begin(subject), Judge(lambda p: p == wanted))
    assert early.outcome is late.outcome is Outcome.CLEAR
    assert early.rollouts < late.rollouts


def by_rollout(subject: Subject, position: int, token: int) -> str:
    """The program that greedy decoding makes behind one other token."""
    branch = decoding.Branch(position, (token,), len(subject.prefix.ids) + 6 - position)
    (done,) = decoding.rollouts(
        subject.model,
        subject.tokenizer,
        subject.prefix,
        [branch],
        STOPS,
        checkpoint=lambda _: None,
        width=1,
    )
    return subject.generation.prompt + done.text


def test_results_do_not_depend_on_the_batch(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, alone = begin(subject), begin(subject)
    run(together, Judge(some))
    monkeypatch.setattr(forest, "_CPU_WIDTH", 1)
    run(alone, Judge(some))
    assert known(together) == known(alone)


def test_two_tokens_repair_where_one_does_not(subject: Subject) -> None:
    """A judge that wants the second flip of some rollout, found by trying all of them once."""
    scout, judge = begin(subject), Judge(never)
    run(scout, judge)
    mutants = set(begin(subject).findings._mutants)
    firsts = {by_rollout(subject, c.position, c.contrast.id) for c in scout.ordered}
    wanted = next(p for p in reversed(judge.asked) if p not in mutants | firsts)
    search = begin(subject)
    _, report = run(search, Judge(lambda program: program == wanted))
    found = list(search.findings.pairs.values())
    assert {p.origin for p in found} == {Origin.TWO_TOKENS}
    assert all(p.second is not None and p.repaired_program == wanted for p in found)
    assert report.pivotal is None


def test_progress_counts(subject: Subject) -> None:
    for event in begin(subject).run(PLENTY, Judge(never), lambda: None):
        if isinstance(event, Progress):
            assert event.fraction is not None
            assert 0 <= event.fraction <= 1


def test_code_in_the_place_of_a_comment_begins_a_statement(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    """Its suspicion is that of the code behind, and words for words are not tested at all."""
    code = "def f(x):\n    # add one\n    return x\n    # done\nprint(f(1))\n"
    task = evolve(TASK, prompt="x = 1\n")
    made = from_text(task, Split(Form.DIRECT, task.prompt, code), tokenizer)
    prefix = decoding.prefill(model, [t.id for t in made.tokens], made.prompt_length)
    made = with_scores(made, prefix, tokenizer)
    found = candidates(made, prefix.scores, tokenizer, Evidence({3: 0.0, 4: 0.9}))
    first, last = made.code.index("# add"), made.code.index("# done")
    words = range(first + 1, made.code.index("\n    return"))
    for candidate in found:
        token, text = made.tokens[candidate.position], candidate.contrast.text
        opens = token.start <= first < token.end
        if opens and text.strip() and not text.lstrip().startswith("#"):
            assert (candidate.kind, candidate.suspicion) == (TokenKind.KEYWORD, 0.9)
        elif token.start in words or token.start <= last < token.end:
            assert candidate.kind is TokenKind.PROSE
        elif token.start > made.code.index("print"):
            assert candidate.kind in (TokenKind.BEHIND, TokenKind.LAYOUT)
    assert {c.kind for c in found} >= {TokenKind.KEYWORD, TokenKind.PROSE, TokenKind.BEHIND}

    findings = Findings(made)
    for candidate in found:
        findings.screen(candidate)
    spared = [c for c in found if exchanged(made, c) and not findings.is_untested(c)]
    assert spared
    assert all(says_the_same(made, c) for c in spared)


def says_the_same(made: Generation, candidate: Candidate) -> bool:
    """Whether both programs are the same to Python."""
    mutant = exchanged(made, candidate) or ""
    return ast.dump(ast.parse(mutant)) == ast.dump(ast.parse(made.code))
