"""One failing sample of a tiny model, and a judge for its programs: what the tests of the search
share."""

from collections.abc import Callable

import pytest
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding.prompts import Stops
from attribution.faults import attempts
from attribution.faults import search as search_module
from attribution.faults.candidates import candidates
from attribution.faults.search import Budget, Search, Subject
from attribution.samples.tokenisation import from_completion, with_scores
from attribution.schema import ContrastPair, Dataset, Form, SearchReport, Task

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
    made = with_scores(made, prefix, tokenizer)
    return Subject(model, tokenizer, made, prefix, STOPS)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model seldom ends by itself."""
    monkeypatch.setattr(attempts, "_ROOM", 6)
    monkeypatch.setattr(attempts, "_SHORTEST", 0)
    monkeypatch.setattr(search_module, "_SHORT", 0)


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


def known(search: Search) -> set[tuple[object, ...]]:
    """What was proved, without the order in which it was."""
    return {
        (p.position, p.contrast.id, p.repaired_program, p.origin, p.second)
        for p in search.findings.pairs.values()
    }


def never(_program: str) -> bool:
    return False


def some(program: str) -> bool:
    """Accepts about a fifth of all programs, the same ones every time."""
    return sum(map(ord, program)) % 5 == 0
