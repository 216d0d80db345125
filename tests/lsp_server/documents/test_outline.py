"""The parts of a sample, and what of them is prompt."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import Document, Generation, Role, Token
from lsp_server.documents.outline import code_sections, prompt_sections
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.symbols import Symbol, code_symbols
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session
from tests.lsp_server.samples import CODE, FAILING, attribution, generation, pair

SAMPLE = '''from typing import List


def first(
    xs: List[int] = [],
) -> int:
    """The first one.

>>> first([1])
1
    """
    return xs[0]

def second(x): return x
class Third:
    y = 1
print(second(1))
'''


def parts(text: str) -> list[tuple[str, str]]:
    return [(section.name, text[slice(*section.span)]) for section in code_sections(text)]


def test_the_parts_of_a_sample() -> None:
    assert [(name, text.split("\n")[0]) for name, text in parts(SAMPLE)] == [
        ("top level", "from typing import List"),
        ("signature of first", "def first("),
        ("docstring of first", ""),
        ("body of first", ""),
        ("signature of second", "def second(x):"),
        ("body of second", " return x"),
        ("signature of Third", "class Third:"),
        ("body of Third", ""),
        ("top level", "print(second(1))"),
    ]
    assert parts(SAMPLE)[2][1].endswith('"""')
    assert parts(SAMPLE)[3][1].strip() == "return xs[0]"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("  \n", []),
        ("def f(", ["signature of f"]),
        ("def f():\n    '''never closed", ["signature of f", "docstring of f"]),
        ("async def f(): pass", ["signature of f", "body of f"]),
        ("if x:\n    def f(): ...\n", ["top level"]),
    ],
)
def test_what_is_no_python_has_parts_too(text: str, names: list[str]) -> None:
    assert [name for name, _ in parts(text)] == names


CHAT = """<|im_start|>system
You help.<|im_end|>
<|im_start|>user
Please solve:
```
import re

def f(x):
    \'\'\'Doc.\'\'\'
```
<|im_end|>
<|im_start|>assistant
Below is a script:
```python
"""


def chat(prompt: str) -> Generation:
    """Special tokens, and what is between them as one token each."""
    tokens = [
        Token(1, m[0], Document.PROMPT, *m.span(), Role.TEMPLATE if m[1] else Role.PROMPT)
        for m in re.finditer(r"(<\|\w+\|>)|[^<]+|<", prompt)
    ]
    return generation(tuple(tokens), prompt=prompt)


def test_the_parts_of_a_prompt() -> None:
    sections = prompt_sections(chat(CHAT))
    assert [(s.name, CHAT[slice(*s.span)].strip()) for s in sections] == [
        ("chat template", "<|im_start|>"),
        ("instruction", "system\nYou help."),
        ("chat template", "<|im_end|>\n<|im_start|>"),
        ("instruction", "user\nPlease solve:\n```"),
        ("top level", "import re"),
        ("signature of f", "def f(x):"),
        ("docstring of f", "'''Doc.'''"),
        ("chat template", "<|im_end|>\n<|im_start|>"),
        ("instruction", "assistant\nBelow is a script:\n```python"),
    ]


@given(
    st.lists(st.sampled_from(["<|a|>", "```", "```py", "\n", "x", "def f(): ", " "])).map("".join)
)
def test_parts_of_a_prompt_are_in_order_and_leave_out_fences_alone(text: str) -> None:
    spans = [section.span for section in prompt_sections(chat(text))]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(text)]
    gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert not "".join(gaps).strip("` \n")


PIECES = ["def f", "(", ")", ":", "\n", "    ", '"""', "'''", "x", "class C", "# ", "\r\n", "\x0c"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_parts_are_in_order_and_inside(text: str) -> None:
    spans = [section.span for section in code_sections(text)]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(text)]
    gaps = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert not "".join(gaps).strip()


SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)


def shown(explanation: Explanation, snapshot: Snapshot = SNAPSHOT) -> list[Symbol]:
    seen = view_of(snapshot, explanation)
    return code_symbols(
        snapshot, Session(snapshot, "HumanEval/0", explanation=explanation, view=seen)
    )


def test_before_the_tokens_are_known_there_are_parts() -> None:
    assert [symbol.name for symbol in shown(Explanation())] == ["Signature of f", "Body of f"]


def test_prompt_and_output_hold_their_parts_and_relevance() -> None:
    prompt, written = shown(Explanation(FAILING, generation(), (pair(),), None, attribution()))
    assert (prompt.name, prompt.detail) == ("Prompt", "relevance +0.25, 42% of all")
    assert (written.name, written.detail) == ("Written by the model", "relevance +1.05, 58% of all")
    assert [CODE[c.span.start : c.span.end] for c in prompt.children] == ["def f(x):", "\n"]
    assert [c.name for c in written.children] == ["Body of f"]


def test_a_prompt_of_its_own_is_no_symbol_of_the_code() -> None:
    prompt = Token(1, "Hi", Document.PROMPT, 0, 2, Role.PROMPT)
    code = Token(2, "x = 1", Document.CODE, 0, 5, Role.OUTPUT)
    tokens = generation((prompt, code), code="x = 1")
    (written,) = shown(Explanation(FAILING, tokens), Snapshot("file:///a.py", 1, "x = 1"))
    assert written.name == "Written by the model"
