"""What a sibling model adds to the search: its choices are tried, and told from the model's own."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from math import exp
from typing import Any, cast

import pytest
import torch
from attrs import frozen
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding.prompts import build_stops
from attribution.engine.stages.fault_search import FaultSearches
from attribution.errors import UnsupportedModel
from attribution.faults.candidates import Candidate
from attribution.faults.search import Search, Subject
from attribution.faults.syntax import parses
from attribution.grading.grader import Grader
from attribution.models.loader import LoadedModel
from attribution.schema import (
    ContrastPair,
    ExplainRequest,
    Form,
    ModelSettings,
    Origin,
    SearchReport,
    Spectrum,
    Status,
    Verdict,
)
from tests.attribution.cases import job
from tests.attribution.fault_cases import TASK, short, subject

__all__ = ["short", "subject"]  # fixtures

REQUEST = ExplainRequest(
    "", rollouts=60, seconds=600.0, top_k=3, trials=True, exhaust=True, sibling=ModelSettings("b")
)


@frozen
class Runner:
    """In the place of the test runner: only one program passes."""

    wanted: str = ""

    def spectrum(self, _task: str, _code: str, _checkpoint: object) -> Spectrum:
        return Spectrum(0, 0)

    def grade_many(
        self, task: str, programs: Sequence[str], checkpoint: Callable[[], None]
    ) -> list[Verdict]:
        checkpoint()
        ends = [Status.PASS if p == self.wanted else Status.FAIL for p in programs]
        return [Verdict(task, end, ()) for end in ends]


def named(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> LoadedModel:
    return LoadedModel(model, tokenizer, name, name, model.device, model.dtype)


@pytest.fixture(scope="module")
def loaded(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    return named(model, tokenizer, "a")


@pytest.fixture(scope="module")
def sibling(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    """The same model but for its random weights."""
    torch.manual_seed(1)
    make: Any = type(model)
    return named(make(model.config).double().eval(), tokenizer, "b")


@pytest.fixture(scope="module")
def relative(loaded: LoadedModel) -> LoadedModel:
    """A model that often agrees: strangers share none of their few choices."""
    torch.manual_seed(2)
    model = deepcopy(loaded.model)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights), alpha=0.05)
    return named(model, loaded.tokenizer, "b")


def begun(
    subject: Subject, loaded: LoadedModel, sibling: LoadedModel | None, tests: Runner | None = None
) -> tuple[FaultSearches, Search]:
    searches = FaultSearches(cast(Grader, tests or Runner()))
    made, prefix = subject.generation, subject.prefix
    return searches, searches.of(REQUEST, TASK, made, prefix, loaded, sibling, job())


def proposed(search: Search) -> list[Candidate]:
    return [c for c in search.ordered if c.origin is Origin.SIBLING]


def test_what_only_the_sibling_would_write_is_a_candidate(
    subject: Subject, loaded: LoadedModel, sibling: LoadedModel
) -> None:
    _, search = begun(subject, loaded, sibling)
    ids, start = torch.tensor([subject.prefix.ids]), subject.prefix.prompt_length
    with torch.no_grad():
        own, theirs = (m.model(ids).logits[0, start - 1 : -1] for m in (loaded, sibling))
    wanted = {
        (start + row, token)
        for row in range(len(own))
        for token in theirs[row].topk(3).indices.tolist()
        if token not in own[row].topk(3).indices.tolist() and token != ids[0, start + row]
    }
    visible = {c.position for c in search.ordered}
    found = proposed(search)
    expected = {place for place in wanted if place[0] in visible}
    assert {(c.position, c.contrast.id) for c in found} == expected
    assert expected
    for candidate in found:  # what is said of it is said of the model that wrote the sample
        row = own[candidate.position - start]
        logit = row[candidate.contrast.id]
        assert candidate.contrast.rank == int((row > logit).sum()) + 1 > 3
        assert candidate.logit_diff == pytest.approx(float(row.max() - logit), rel=1e-4)


def test_what_both_would_write_is_tried_sooner(
    subject: Subject, loaded: LoadedModel, relative: LoadedModel
) -> None:
    """Each candidate has the mean of both probabilities."""
    alone, score_tokens = (begun(subject, loaded, other)[1] for other in (None, relative))
    start = subject.prefix.prompt_length
    scores = decoding.prefill(relative.model, list(subject.prefix.ids), start, 3).scores
    before = {(c.position, c.contrast.id): c for c in alone.ordered}
    shared = raised = 0
    for candidate in score_tokens.ordered:
        if (old := before.get((candidate.position, candidate.contrast.id))) is None:
            continue
        row = candidate.position - start
        listed = scores.top_ids[row].tolist()
        theirs = 0.0
        if candidate.contrast.id in listed:
            logit = scores.top_logits[row, listed.index(candidate.contrast.id)]
            theirs = float((logit - scores.log_normalizer[row]).exp())
            shared += 1
        mean = (exp(old.log_probability) + theirs) / 2
        assert exp(candidate.log_probability) == pytest.approx(mean, rel=1e-4)
        raised += candidate.score > old.score
        assert candidate.origin is Origin.VERIFIED
    assert raised
    assert shared > raised  # nor does it help to be known to a sibling that dislikes it more


def test_what_the_sibling_proposed_is_proved_as_such(
    subject: Subject, loaded: LoadedModel, sibling: LoadedModel
) -> None:
    offered = proposed(begun(subject, loaded, sibling)[1])
    made, prefix = subject.generation, subject.prefix
    written = decoding.rollouts(
        loaded.model,
        loaded.tokenizer,
        prefix,
        [
            decoding.Branch(c.position, (c.contrast.id,), len(prefix.ids) + 6 - c.position)
            for c in offered
        ],
        build_stops(TASK, Form.DIRECT, loaded.tokenizer),
        checkpoint=lambda _: None,
    )
    both = zip(offered, (made.prompt + done.text for done in written), strict=True)
    clear, program = next(pair for pair in both if parses(pair[1]))  # no other is ever run
    searches, search = begun(subject, loaded, sibling, Runner(program))
    events = list(searches.run(search, REQUEST, job()))
    pairs = [e for e in events if isinstance(e, ContrastPair)]
    report = events[-1]
    assert isinstance(report, SearchReport)
    (pair,) = [p for p in pairs if p.second is None and p.contrast.id == clear.contrast.id]
    assert (pair.origin, pair.contrast) == (Origin.SIBLING, clear.contrast)
    assert pair.repaired_program == program
    tried = {trial.origin for trial in report.trials}
    assert {Origin.SIBLING, Origin.VERIFIED} <= tried


def test_a_sibling_with_other_tokens_is_refused(
    subject: Subject, loaded: LoadedModel, tokenizer: PreTrainedTokenizerFast
) -> None:
    other = deepcopy(tokenizer)
    other.add_tokens(["<other>"])
    with pytest.raises(UnsupportedModel, match="a sibling must share them"):
        begun(subject, loaded, named(loaded.model, other, "b"))
