"""Tiny random models with a real byte-level tokenizer, built from configs in a second."""

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

# Fixed, so that the tests do not depend on what else changes.
CORPUS = """
from typing import List

def first_positive(numbers: List[int], default: int = 0) -> int:
    \"\"\" Return the first number in the list that is greater than zero, or the default.
    >>> first_positive([-1, 0, 3])
    3
    \"\"\"
    for number in numbers:
        if number > 0:
            return number
    return default

def count_words(text: str) -> dict:
    words = {}
    for word in text.lower().split():
        words[word] = words.get(word, 0) + 1
    assert isinstance(words, dict)
    return words

class Stack:
    def __init__(self, items=None):
        self.items = list(items or [])

    def push(self, item):
        self.items.append(item)
        return len(self.items)

    def pop(self):
        while not self.items:
            raise IndexError("pop from an empty stack")
        return self.items.pop()
"""


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on a little Python: code tokens, and bytes for the rest."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([CORPUS], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|endoftext|>")


@pytest.fixture(scope="session")
def model(tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Two Llama layers, random weights of a size that makes the logits differ clearly."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
        initializer_range=0.5,
    )
    return LlamaForCausalLM(config).double().eval()
