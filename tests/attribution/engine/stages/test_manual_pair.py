"""A pair of the user's choice is about the very text that the user has named."""

import pytest
import torch
from attrs import evolve
from transformers import PreTrainedModel

from attribution.engine.stages import manual_pair
from attribution.errors import InvalidRequest
from attribution.models.loader import LoadedModel
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import Flip, Form
from tests.attribution.cases import BODY, HEAD, TASK
from tests.attribution.engine.stages.explain.test_compare_models import of_characters


def test_a_token_with_a_space_before_it_is_another_one(model: PreTrainedModel) -> None:
    tokenizer = of_characters(add_prefix_space=True)
    loaded = LoadedModel(model, tokenizer, "tiny", "f", torch.device("cpu"), torch.float64)
    made = from_text(TASK, Split(Form.DIRECT, HEAD, BODY), tokenizer)
    made = evolve(made, alternatives=((),) * (len(made.tokens) - made.prompt_length))
    with pytest.raises(InvalidRequest, match="'x' is no token there, ' x' is"):
        manual_pair._token(Flip(3, 1, "x"), made, made.prompt_length, loaded)
    found = manual_pair._token(Flip(3, 1, " x"), made, made.prompt_length, loaded)
    assert tokenizer.decode([found]) == " x"
