"""Which tokens count, and which of them lie on one line."""

from itertools import pairwise

import pytest
from transformers import PreTrainedTokenizerFast

from attribution.samples.segments import eligible, lines
from attribution.samples.tokenisation import Split, from_text
from attribution.schema import Dataset, Document, Form, Generation, Role, Suite, Task, Token

TASK = Task("HumanEval/0", Dataset.HUMANEVAL, "def f(x):\n", "f", "", (Suite.BASE,))
HEAD = 'def f(x):\n    """Add one."""\n'
CHAT = "<|endoftext|>user\nAdd one.\n<|endoftext|>assistant\n"
BODY = "    y = x\n\n    return y\n"


def direct(tokenizer: PreTrainedTokenizerFast) -> Generation:
    return from_text(TASK, Split(Form.DIRECT, HEAD, BODY), tokenizer)


def chat(tokenizer: PreTrainedTokenizerFast) -> Generation:
    return from_text(TASK, Split(Form.CHAT, CHAT, BODY), tokenizer)


def made(*tokens: Token, prompt: str = "", code: str = "") -> Generation:
    return Generation("HumanEval/0", Form.CHAT, "m", "f", prompt, code, tokens, 0, (), True)


def places(generation: Generation, start: int, end: int) -> set[tuple[Document, int]]:
    """Documents and lines that a range of tokens touches."""
    texts = {Document.CODE: generation.code, Document.PROMPT: generation.prompt}
    return {
        (token.document, texts[token.document].count("\n", 0, token.start))
        for token in generation.tokens[start:end]
    }


def test_the_first_token_does_not_count_and_nothing_from_the_end_on(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    generation = direct(tokenizer)
    end = generation.prompt_length + 3
    assert eligible(generation, end) == list(range(1, end))
    assert eligible(generation, 1) == []
    assert eligible(generation, 0) == []


def test_template_tokens_do_not_count(tokenizer: PreTrainedTokenizerFast) -> None:
    generation = chat(tokenizer)
    left = set(range(len(generation.tokens))) - set(eligible(generation, len(generation.tokens)))
    assert [generation.tokens[k].text for k in sorted(left)] == ["<|endoftext|>"] * 2


@pytest.mark.parametrize("form", [direct, chat])
def test_lines_hold_every_token_once_and_in_order(form, tokenizer) -> None:  # type: ignore[no-untyped-def]
    generation = form(tokenizer)
    tokens = eligible(generation, len(generation.tokens))
    assert [k for start, end in lines(generation, tokens) for k in range(start, end)] == tokens


@pytest.mark.parametrize("form", [direct, chat])
def test_a_range_lies_on_one_line_of_one_document(form, tokenizer) -> None:  # type: ignore[no-untyped-def]
    generation = form(tokenizer)
    found = lines(generation, eligible(generation, len(generation.tokens)))
    each = [places(generation, start, end) for start, end in found]
    assert all(len(touched) == 1 for touched in each)
    assert all(before != after for before, after in pairwise(each))


def test_the_same_line_number_of_two_documents_is_two_lines(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    generation = chat(tokenizer)
    found = lines(generation, eligible(generation, len(generation.tokens)))
    documents = [generation.tokens[start].document for start, _ in found]
    assert set(documents) == {Document.PROMPT, Document.CODE}
    end = generation.prompt_length
    assert all(start >= end or stop <= end for start, stop in found)


def test_a_template_token_cuts_its_line_in_two() -> None:
    prompt = "a<s>b c"
    generation = made(
        Token(1, "a", Document.PROMPT, 0, 1, Role.PROMPT),
        Token(0, "<s>", Document.PROMPT, 1, 4, Role.TEMPLATE),
        Token(2, "b", Document.PROMPT, 4, 5, Role.PROMPT),
        Token(3, " c", Document.PROMPT, 5, 7, Role.PROMPT),
        prompt=prompt,
    )
    assert eligible(generation, 4) == [0, 2, 3]
    assert lines(generation, [0, 2, 3]) == [(0, 1), (2, 4)]


def test_documents_that_meet_on_their_first_lines_stay_apart() -> None:
    generation = made(
        Token(1, "ask", Document.PROMPT, 0, 3, Role.PROMPT),
        Token(2, "x", Document.CODE, 0, 1, Role.OUTPUT),
        prompt="ask",
        code="x",
    )
    assert lines(generation, [0, 1]) == [(0, 1), (1, 2)]


def test_a_line_break_belongs_to_the_line_that_it_ends() -> None:
    generation = made(
        Token(1, "x", Document.CODE, 0, 1, Role.OUTPUT),
        Token(2, "\n\n ", Document.CODE, 1, 4, Role.OUTPUT),
        Token(3, "y", Document.CODE, 4, 5, Role.OUTPUT),
        Token(4, "", Document.CODE, 5, 5, Role.OUTPUT),  # an end token: nothing of it is there
        code="x\n\n y",
    )
    assert lines(generation, [0, 1, 2, 3]) == [(0, 2), (2, 4)]


def test_tokens_of_one_character_share_its_line() -> None:
    generation = made(
        Token(1, "😀", Document.CODE, 2, 3, Role.OUTPUT),
        Token(2, "😀", Document.CODE, 2, 3, Role.OUTPUT),
        code="a\n😀",
    )
    assert lines(generation, [0, 1]) == [(0, 2)]


def test_tokens_that_are_left_out_leave_gaps() -> None:
    tokens = [Token(k, "x", Document.CODE, k, k + 1, Role.OUTPUT) for k in range(6)]
    generation = made(*tokens, code="x" * 6)
    assert lines(generation, [0, 1, 3, 5]) == [(0, 2), (3, 4), (5, 6)]


def test_no_tokens_make_no_lines(tokenizer: PreTrainedTokenizerFast) -> None:
    assert lines(direct(tokenizer), []) == []
