"""Where the prompt ends in a sample, and which token stands where."""

import pytest
from attrs import evolve
from transformers import PreTrainedTokenizerFast

from attribution import decoding
from attribution.decoding.prompts import Stops, build_prompt, build_stops
from attribution.errors import InvalidSample
from attribution.samples import tokenisation
from attribution.schema import Dataset, Document, Form, Role, Suite, Task

HUMANEVAL = Task(
    "HumanEval/0",
    Dataset.HUMANEVAL,
    'from typing import List\n\n\ndef f(x: int) -> int:\n    """ Add one – or 😀.\n    >>> f(1)\n'
    '    2\n    """\n',
    "f",
    "",
    (Suite.BASE,),
)
MBPP = Task(
    "Mbpp/2", Dataset.MBPP, '"""\nAdd one.\nassert f(1) == 2\n"""\n', "f", "", (Suite.BASE,)
)
CHAT = "{% for m in messages %}<|endoftext|>{{ m.role }}\n{{ m.content }}\n{% endfor %}"


@pytest.fixture
def chat(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """The same tokenizer with a chat template."""
    other = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|endoftext|>"
    )
    other.chat_template = CHAT
    return other


@pytest.mark.parametrize("task", [HUMANEVAL, MBPP])
@pytest.mark.parametrize("edit", ["", "Add one", "Subtract two"])
def test_a_direct_sample_is_cut_after_its_docstring(
    task: Task, edit: str, chat: PreTrainedTokenizerFast
) -> None:
    head = build_prompt(task, Form.DIRECT, chat).replace("Add one", edit or "Add one")
    output = '    """not the prompt"""\n    return x + 1\n'
    split = tokenisation.split_sample(head + output, task, chat, None, None)
    assert split == tokenisation.Split(Form.DIRECT, head, output)
    assert split.code == head + output


def test_a_decorated_function_has_its_docstring(chat: PreTrainedTokenizerFast) -> None:
    head = HUMANEVAL.prompt.replace("def f", "@cache\ndef f")
    split = tokenisation.split_sample(head + "    return x + 1\n", HUMANEVAL, chat, None, None)
    assert split == tokenisation.Split(Form.DIRECT, head, "    return x + 1\n")


def test_what_does_not_begin_with_the_prompt_answers_a_chat(
    chat: PreTrainedTokenizerFast,
) -> None:
    code = "def f(x):\n    return x + 1\n"
    split = tokenisation.split_sample(code, HUMANEVAL, chat, None, None)
    assert (split.form, split.output, split.code) == (Form.CHAT, code, code)
    assert HUMANEVAL.prompt.strip() in split.prompt
    assert split.prompt.endswith("```python\n")
    edited = tokenisation.split_sample(code, HUMANEVAL, chat, None, "another prompt")
    assert edited.prompt == "another prompt"
    with pytest.raises(InvalidSample, match="does not begin with the prompt of HumanEval/0"):
        tokenisation.split_sample(code, HUMANEVAL, chat, Form.DIRECT, None)
    with pytest.raises(InvalidSample, match="empty"):
        tokenisation.split_sample(" \n", HUMANEVAL, chat, None, None)
    with pytest.raises(InvalidSample, match="prompt is empty"):  # not: EvalPlus' own
        tokenisation.split_sample(code, HUMANEVAL, chat, None, "\n")


def test_tokens_of_a_direct_sample_lie_in_one_document(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    code = HUMANEVAL.prompt + "    return x + 1  # 漢\n"
    split = tokenisation.split_sample(code, HUMANEVAL, tokenizer, None, None)
    made = tokenisation.from_text(HUMANEVAL, split, tokenizer)
    assert made.retokenized
    assert made.code == code
    assert {t.document for t in made.tokens} == {Document.CODE}
    assert made.tokens[0].role is Role.TEMPLATE  # the attention sink
    roles = [t.role for t in made.tokens]
    assert roles == sorted(roles, key=[Role.TEMPLATE, Role.PROMPT, Role.OUTPUT].index)
    assert roles.index(Role.OUTPUT) == made.prompt_length
    assert all(t.text == code[t.start : t.end] for t in made.tokens)
    covered = sorted({i for t in made.tokens for i in range(t.start, t.end)})
    assert covered == list(range(len(code)))


def test_tokens_of_a_chat_sample_lie_in_two(chat: PreTrainedTokenizerFast) -> None:
    code = "def f(x):\n    return x + 1"
    split = tokenisation.split_sample(code, HUMANEVAL, chat, Form.CHAT, None)
    made = tokenisation.from_text(HUMANEVAL, split, chat)
    head, tail = made.tokens[: made.prompt_length], made.tokens[made.prompt_length :]
    assert {t.document for t in head} == {Document.PROMPT}
    assert {t.document for t in tail} == {Document.CODE}
    assert all(t.text == made.prompt[t.start : t.end] for t in head)
    assert all(t.text == code[t.start : t.end] for t in tail)
    template = [t for t in head if t.role is Role.TEMPLATE]
    assert {t.text for t in template} == {"<|endoftext|>"}
    assert len(template) == 2


def test_a_token_cut_by_a_stop_sequence_keeps_its_head(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    ids = tokenizer("    return x").input_ids
    completion = decoding.Completion(tuple(ids), "    retu", True)
    made = tokenisation.from_completion(
        HUMANEVAL, Form.DIRECT, tokenizer, HUMANEVAL.prompt, completion
    )
    assert made.code.endswith("    retu")
    assert made.tokens[-1].end == len(made.code)
    assert not made.retokenized


def test_stops_are_those_of_evalplus(tokenizer: PreTrainedTokenizerFast) -> None:
    direct = build_stops(HUMANEVAL, Form.DIRECT, tokenizer)
    assert direct.cut("    return 1\ndef g(): \nclass") == 12
    assert direct.cut("    return 1\n") is None
    assert direct.end_ids == {tokenizer.eos_token_id}
    assert build_stops(HUMANEVAL, Form.CHAT, tokenizer).cut("x\n```\nmore") == 1
    assert "\nassert" in build_stops(MBPP, Form.DIRECT, tokenizer).sequences
    assert isinstance(direct, Stops)


def test_a_trace_must_be_about_its_own_texts(tokenizer: PreTrainedTokenizerFast) -> None:
    split = tokenisation.split_sample(
        HUMANEVAL.prompt + "    return x\n", HUMANEVAL, tokenizer, None, None
    )
    made = tokenisation.from_text(HUMANEVAL, split, tokenizer)
    vocabulary = len(tokenizer)
    assert tokenisation.is_consistent(made, vocabulary)
    last = made.tokens[-1]
    for wrong in (
        evolve(last, id=vocabulary),
        evolve(last, id=-1),
        evolve(last, start=last.start - 1),
        evolve(last, text="no"),
    ):
        assert not tokenisation.is_consistent(
            evolve(made, tokens=(*made.tokens[:-1], wrong)), vocabulary
        )
    assert not tokenisation.is_consistent(evolve(made, prompt_length=0), vocabulary)
    assert not tokenisation.is_consistent(evolve(made, prompt_length=len(made.tokens)), vocabulary)
