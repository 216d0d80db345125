"""The same choice in another tiny model: with the same tokens, and with others."""

from typing import Any

import pytest
import torch
from attrs import evolve
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from attribution.engine.stages.explain import attribute
from attribution.engine.stages.explain.case import Case
from attribution.engine.stages.explain.compare_models import compare
from attribution.errors import UnsupportedModel
from attribution.models.loader import LoadedModel
from attribution.schema import TokenChoice
from tests.attribution.cases import BODY, HEAD, TASK, case_of, job, last_logits


@pytest.fixture(scope="module")
def case(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> Case:
    return case_of(model, tokenizer)


def other(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, seed: int) -> LoadedModel:
    """A model with other weights."""
    torch.manual_seed(seed)
    config: Any = type(model.config).from_dict(
        {**model.config.to_dict(), "vocab_size": len(tokenizer)}
    )
    made = LlamaForCausalLM(config).double().eval()
    return LoadedModel(made, tokenizer, "other", "g", torch.device("cpu"), torch.float64)


@pytest.fixture(scope="module")
def characters() -> PreTrainedTokenizerFast:
    """Bytes and little more: other tokens than the tiny model's."""
    return of_characters(add_prefix_space=False)


def of_characters(*, add_prefix_space: bool) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=258,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([" x x x x"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|endoftext|>")


def test_a_model_beside_itself_says_the_same(case: Case) -> None:
    found = compare(case, TASK, case.loaded, job())
    assert found.same_tokens
    assert found.attribution.relevance == attribute.relevance(case, job()).relevance
    assert found.attribution.pair.target.id == case.pair.target.id
    assert found.attribution.pair.contrast.rank == case.pair.contrast.rank
    assert found.generation.tokens == case.generation.tokens[: case.pair.position]


def test_a_sibling_reads_the_same_tokens(case: Case) -> None:
    sibling = other(case.loaded.model, case.loaded.tokenizer, 7)
    found = compare(case, TASK, sibling, job())
    logits = last_logits(evolve(case, loaded=sibling))
    target, contrast = case.pair.target.id, case.pair.contrast.id
    assert found.attribution.logit_diff == pytest.approx(float(logits[target] - logits[contrast]))
    assert found.attribution.pair.target.rank == 1 + int((logits > logits[target]).sum())
    assert [one.id for one in found.choices] == logits.topk(10).indices.tolist()
    assert found.generation.model == "other"
    assert found.attribution.relevance != attribute.relevance(case, job()).relevance


def test_other_tokens_of_the_same_text_are_compared_by_their_spans(
    case: Case, characters: PreTrainedTokenizerFast
) -> None:
    pair = evolve(case.pair, contrast=TokenChoice(case.pair.contrast.id, "y", 2))
    target = case.generation.tokens[pair.position]
    sibling = other(case.loaded.model, characters, 7)
    found = compare(evolve(case, pair=pair), TASK, sibling, job())
    assert not found.same_tokens
    read = found.generation
    assert read.code == HEAD + BODY
    assert len(read.tokens) == len(found.attribution.relevance) == found.attribution.pair.position
    assert len(read.tokens) > pair.position  # the other model has shorter ones
    assert "".join(token.text for token in read.tokens) == read.code[: target.start]
    assert all(read.code[token.start : token.end] == token.text for token in read.tokens)
    assert characters.decode([found.attribution.pair.target.id]) == target.text
    assert found.generation.retokenized


def test_a_sibling_that_never_had_this_choice_is_refused(
    case: Case, characters: PreTrainedTokenizerFast
) -> None:
    pair = evolve(case.pair, contrast=TokenChoice(case.pair.contrast.id, "return", 2))
    sibling = other(case.loaded.model, characters, 7)
    with pytest.raises(UnsupportedModel, match="writes 'return' as 6 of them"):
        compare(evolve(case, pair=pair), TASK, sibling, job())


def test_a_sibling_that_puts_a_space_before_a_word_is_refused(case: Case) -> None:
    pair = evolve(case.pair, target=TokenChoice(case.pair.target.id, "x", 1))
    sibling = other(case.loaded.model, of_characters(add_prefix_space=True), 7)
    with pytest.raises(UnsupportedModel, match="writes ' x' for 'x', so it never has this choice"):
        compare(evolve(case, pair=pair), TASK, sibling, job())


def test_another_chat_template_is_another_question(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    characters: PreTrainedTokenizerFast,
) -> None:
    chat = case_of(model, tokenizer, chat=True)
    assert compare(chat, TASK, other(model, tokenizer, 7), job()).same_tokens
    with pytest.raises(UnsupportedModel, match="not asked the same"):
        compare(chat, TASK, other(model, characters, 7), job())


def test_the_profile_ends_with_the_whole_difference_at_the_last_token(case: Case) -> None:
    found = attribute.relevance(case, job())
    layers = case.loaded.model.config.num_hidden_layers
    assert len(found.profile) == 1 + layers
    assert found.profile[0] == found.relevance
    assert all(value == 0 for value in found.profile[-1][:-1])
    assert found.profile[-1][-1] == pytest.approx(found.logit_diff)
