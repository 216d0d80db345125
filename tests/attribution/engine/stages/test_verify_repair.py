"""Recorded repairs are replayed without anything of the search; pairs may be chosen by hand."""

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding.prompts import build_stops
from attribution.engine.stages import manual_pair, verify_repair
from attribution.errors import InvalidRequest
from attribution.faults.candidates import candidates
from attribution.faults.search import Budget, Search, Subject
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import Split, from_completion, from_text, with_scores
from attribution.schema import (
    ContrastPair,
    Dataset,
    Flip,
    Form,
    Generation,
    Origin,
    Task,
    TokenChoice,
    VerifyRequest,
)

TASK = Task("HumanEval/0", Dataset.HUMANEVAL, "x = 1  # a", "x", "", ())


@pytest.fixture(scope="module")
def loaded(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> LoadedModel:
    return LoadedModel(model, tokenizer, "tiny", "mark", model.device, model.dtype)


@pytest.fixture(scope="module")
def subject(loaded: LoadedModel) -> Subject:
    stops = build_stops(TASK, Form.DIRECT, loaded.tokenizer)
    prompt = loaded.tokenizer(TASK.prompt).input_ids
    ((_, done),) = decoding.generate(
        loaded.model,
        loaded.tokenizer,
        [(prompt, stops)],
        max_new_tokens=8,
        checkpoint=lambda _: None,
    )
    made = from_completion(TASK, Form.DIRECT, loaded.tokenizer, TASK.prompt, done)
    prefix = decoding.prefill(loaded.model, [t.id for t in made.tokens], made.prompt_length, 3)
    made = with_scores(made, prefix, loaded.tokenizer)
    return Subject(loaded.model, loaded.tokenizer, made, prefix, stops)


def request_of(generation: Generation, pairs: tuple[ContrastPair, ...]) -> VerifyRequest:
    return VerifyRequest(
        TASK.task_id,
        generation.form,
        generation.prompt,
        generation.code,
        tuple(t.id for t in generation.tokens),
        generation.prompt_length,
        "mark",
        pairs,
    )


def test_every_proved_pair_is_reproduced(subject: Subject, loaded: LoadedModel) -> None:
    made, scores = subject.generation, subject.prefix.scores
    search = Search.of(subject, candidates(made, scores, subject.tokenizer))

    def judge(program: str, _checkpoint: object) -> bool:
        return sum(map(ord, program)) % 3 == 0

    list(search.run(Budget(200, 600), judge, lambda: None, exhaust=True))
    pairs = tuple(search.findings.pairs.values())
    assert {p.origin for p in pairs} >= {Origin.VERIFIED, Origin.TWO_TOKENS}
    request = request_of(made, pairs)
    for pair in pairs:
        program = verify_repair.program(request, pair, TASK, loaded, lambda: None)
        assert program == pair.repaired_program


def test_the_models_own_settings_do_not_change_the_replay(subject: Subject) -> None:
    ids = list(subject.prefix.ids)
    plain = verify_repair.greedy(subject.model, ids, len(ids) + 12, lambda _: False, lambda: None)
    configured = subject.model.generation_config
    assert configured is not None
    configured.repetition_penalty, configured.no_repeat_ngram_size = 5.0, 1
    try:
        again = verify_repair.greedy(
            subject.model, ids, len(ids) + 12, lambda _: False, lambda: None
        )
    finally:
        configured.repetition_penalty = configured.no_repeat_ngram_size = None
    assert again == plain


def test_a_record_of_other_weights_or_tokens_is_refused(
    subject: Subject, loaded: LoadedModel
) -> None:
    made = subject.generation
    choice = TokenChoice(3, "x", 2)
    pair = ContrastPair(made.prompt_length, choice, choice, 1.0, Origin.MANUAL)
    request = request_of(made, (pair,))
    for wrong, message in (
        (evolve(request, fingerprint="other"), "other weights"),
        (evolve(request, ids=request.ids[: made.prompt_length]), "its own tokens"),
        (evolve(request, ids=(*request.ids[:-1], 10**6)), "its own tokens"),
        (evolve(request, prompt="y = 2  # a"), "are not its tokens"),
        (evolve(request, code="def solution(): ..."), "are not its tokens"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            verify_repair.program(wrong, pair, TASK, loaded, lambda: None)


@pytest.fixture(scope="module")
def written(loaded: LoadedModel) -> Generation:
    """Text of somebody else, in which every token is a word."""
    split = Split(Form.DIRECT, TASK.prompt, " for x in items\n")
    made = from_text(TASK, split, loaded.tokenizer)
    ids = [t.id for t in made.tokens]
    prefix = decoding.prefill(loaded.model, ids, made.prompt_length)
    return with_scores(made, prefix, loaded.tokenizer)


def test_a_choice_of_the_users_is_a_pair(written: Generation, loaded: LoadedModel) -> None:
    column = written.code.index("in") + 1
    other = written.tokens[-1].text  # of one token, surely
    pair = manual_pair.pair_of(Flip(1, column, other), written, loaded, lambda: None)
    assert pair.origin is Origin.MANUAL
    assert "in" in written.tokens[pair.position].text
    with torch.no_grad():
        logits = loaded.model(torch.tensor([[t.id for t in written.tokens]])).logits[0]
    row = logits[pair.position - 1]
    expected = float(row[pair.target.id] - row[pair.contrast.id])
    assert pair.logit_diff == pytest.approx(expected, rel=1e-4)
    assert pair.contrast.rank == int((row > row[pair.contrast.id]).sum()) + 1
    assert pair.repaired_program is None


@pytest.mark.parametrize(
    ("flip", "message"),
    [
        (Flip(9, 1, "x"), "no line 9"),
        (Flip(1, 1, "y"), "of the prompt"),
        (Flip(1, len(TASK.prompt) + 1, "many words of no token"), "tokens; name one"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    flip: Flip, message: str, written: Generation, loaded: LoadedModel
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        manual_pair.pair_of(flip, written, loaded, lambda: None)


def test_what_stands_there_is_no_other_token(written: Generation, loaded: LoadedModel) -> None:
    token = written.tokens[written.prompt_length]
    with pytest.raises(InvalidRequest, match="what stands there"):
        manual_pair.pair_of(Flip(1, token.start + 1, token.text), written, loaded, lambda: None)
