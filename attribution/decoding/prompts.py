"""EvalPlus' own prompts and stop sequences, so that our pass rates are comparable to theirs."""

from attrs import frozen
from evalplus.provider.utility import (
    EOS,
    extra_eos_for_direct_completion,
    make_raw_chat_prompt,
)
from transformers import PreTrainedTokenizerBase

from attribution.schema import Dataset, Form, Task

# The two sentences of evalplus.codegen.run_codegen (0.3.1), where they are local variables.
INSTRUCTION = (
    "Please provide a self-contained Python script that solves the following problem "
    "in a markdown code block:"
)
RESPONSE = (
    "Below is a Python script with a self-contained function that solves the problem "
    "and passes corresponding tests:"
)

# Ends of text under any name: GGUF files keep only one of a model's end tokens.
_END_TOKENS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "</s>")


@frozen
class Stops:
    """Where a completion ends: at a stop sequence (cut before it) or an end token."""

    sequences: tuple[str, ...]
    end_ids: frozenset[int]

    def cut(self, text: str, start: int = 0) -> int | None:
        """Index of the first stop sequence in `text` that ends after `start`, or None."""
        places = (text.find(stop, max(0, start + 1 - len(stop))) for stop in self.sequences)
        return min((at for at in places if at >= 0), default=None)


def build_prompt(task: Task, form: Form, tokenizer: PreTrainedTokenizerBase) -> str:
    """The text that the model sees for `task`, as EvalPlus builds it."""
    head = task.prompt.strip() + "\n"
    if form is Form.DIRECT or tokenizer.chat_template is None:
        return head
    prompt: str = make_raw_chat_prompt(head, INSTRUCTION, RESPONSE, tokenizer)
    return prompt


def build_stops(task: Task, form: Form, tokenizer: PreTrainedTokenizerBase) -> Stops:
    """EvalPlus' stop sequences for `form`, and the ids of every known end token."""
    # Of EvalPlus' data sets the one whose tasks, too, are a function with examples.
    kind = Dataset.HUMANEVAL if task.dataset is Dataset.DOCTEST else task.dataset
    extra = ["\n```\n"] if form is Form.CHAT else extra_eos_for_direct_completion(kind)
    vocabulary = tokenizer.get_vocab()
    ends = {vocabulary[token] for token in _END_TOKENS if token in vocabulary}
    if tokenizer.eos_token_id is not None:
        ends.add(tokenizer.eos_token_id)
    return Stops((*EOS, *extra), frozenset(ends))
