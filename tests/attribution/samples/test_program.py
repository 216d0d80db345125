"""The program in a text: marked answers, properties of any text, and EvalPlus' own sanitiser."""

import ast
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.samples.program import NoProgram, Program, find_program
from tests.attribution.samples import answers

MARKED = [
    pytest.param(text, id=f"{group}: {name}")
    for group in ("FENCED", "BARE", "AROUND", "BROKEN")
    for name, text in getattr(answers, group).items()
]


def unmarked(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text and the places of its program, where neighbours are one."""
    text, places = "", []
    for part in marked.split("«"):
        inside, _, rest = part.rpartition("»")
        if inside:
            places.append((len(text), len(text) + len(inside)))
        text += inside + rest
    return text, tuple(places)


def found(text: str, entry_point: str | None = "f") -> Program:
    program = find_program(text, entry_point)
    assert isinstance(program, Program), program
    return program


def assert_covers(text: str, program: Program) -> None:
    """Pieces and left-out ranges are ascending, disjoint, not empty, and all of the text."""
    left_out = [(piece.start, piece.end) for piece in program.left_out]
    assert left_out == sorted(left_out)
    assert list(program.pieces) == sorted(program.pieces)
    place = 0
    for start, end in sorted([*left_out, *program.pieces]):
        assert (start, end > start) == (place, True)
        place = end
    assert place == len(text)
    assert program.code == "".join(text[start:end] for start, end in program.pieces)


@pytest.mark.parametrize("marked", MARKED)
def test_the_program_is_found_in_its_place(marked: str) -> None:
    text, places = unmarked(marked)
    program = found(text)
    assert [text[start:end] for start, end in program.pieces] == [text[a:b] for a, b in places]
    assert program.pieces == places
    assert_covers(text, program)


@pytest.mark.parametrize(("name", "marked"), answers.OTHER_NAMES.items())
def test_names_are_those_of_python(name: str, marked: str) -> None:
    text, places = unmarked(marked)
    assert found(text, name).pieces == places


@pytest.mark.parametrize("marked", answers.BROKEN.values())
def test_a_broken_program_is_told_from_a_complete_one(marked: str) -> None:
    text, _ = unmarked(marked)
    program = found(text)
    try:
        ast.parse(program.code)
    except SyntaxError:
        assert not program.complete
    else:
        assert program.complete


@pytest.mark.parametrize(("text", "reason"), answers.NONE.items())
def test_where_there_is_no_program_it_says_why(text: str, reason: str) -> None:
    for entry_point in ("f", None):
        nothing = find_program(text, entry_point)
        assert isinstance(nothing, NoProgram), nothing
        assert reason in nothing.reason
        assert nothing.reason.endswith(".")
        assert nothing.advice.endswith(".")


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("FENCED: backticks", "1 line of prose before and 1 behind, the fence"),
        ("FENCED: unclosed", "1 line of prose before, the fence"),
        ("FENCED: in a list", "1 line of prose before and 1 behind, the fence, the indentation"),
        (
            "FENCED: usage behind",
            "2 lines of prose behind, the fences, 2 lines of other code behind, "
            "2 lines of calls behind",
        ),
        ("FENCED: shell first", "the fences, 1 line of other code before"),
        ("BARE: a program", ""),
        ("BARE: byte order mark", ""),
        ("BARE: a word before and behind", "1 line of prose before and 1 behind"),
        ("BARE: a cut call behind", "1 line of calls behind"),
        ("BARE: a transcript behind", "1 line of prose behind, 1 line of a transcript behind"),
        ("BARE: the prompt, then a fence", "2 lines of the repeated prompt before, the fence"),
        ("AROUND: thinking", "3 lines of thinking before"),
        ("AROUND: end tokens", "the fence, the end token"),
        ("AROUND: thinking to the end", "3 lines of thinking before and 2 behind"),
    ],
)
def test_the_verdict_can_say_what_was_left_out(name: str, description: str) -> None:
    group, _, key = name.partition(": ")
    text, _ = unmarked(getattr(answers, group)[key])
    assert found(text).description == description


def test_places_go_both_ways() -> None:
    text, _ = unmarked(answers.FENCED["in a list"])
    program = found(text)
    for offset in range(len(program.code)):
        place = program.place(offset)
        assert text[place] == program.code[offset]
        assert program.offset(place) == offset
    assert program.place(len(program.code)) == program.end
    within = {place for start, end in program.pieces for place in range(start, end)}
    for place in set(range(len(text) + 1)) - within:
        assert program.offset(place) is None


def test_the_place_is_counted_in_code_points() -> None:
    program = found("😀 Grüße!\n```python\ndef f(x):\n    return '😀'\n```\n")
    assert (program.start, program.code[:5]) == (19, "def f")


def test_without_an_entry_point_definitions_count() -> None:
    text = "So:\n```\nx = 1\ny = 2\nz = 3\n```\nand\n```\ndef g(x):\n    return x\n```\n"
    assert found(text, None).code == "def g(x):\n    return x\n"


def test_the_last_of_two_definitions_stays() -> None:
    """EvalPlus' sanitiser keeps the first; Python the last."""
    code = "def f(x):\n    return x\n\n\ndef f(x):\n    return -x\n"
    assert found(f"Here's it:\n```python\n{code}```\n").code == code


@pytest.mark.parametrize("end", range(0, 120, 7))
def test_a_rollout_is_found_where_its_sample_was(end: int) -> None:
    """The search keeps the text up to a token; what comes then may close the fence elsewhere."""
    text = "Sure! Here it is:\n\n```python\ndef f(x):\n    y = x\n    return y\n```\n\nIt works.\n"
    start = found(text).start
    cut = min(max(end, text.index("y = x")), text.index("```\n\nIt"))
    for tail in ("", "\n", " + 1\n    return y\n", "\n    return x\n```\nDone, isn't it?\n"):
        assert found(text[:cut] + tail).start == start


WORDS = [
    "def f(x):\n", "    return x\n", "    y = x +\n", "import math\n", '    """Doc.\n', '"""\n',
    "class A:\n", "x = 1\n", "print(f(3))\n", "f = None\n", "Sure\n", "Here's it:\n", "\n", "(\n",
    "```python\n", "```\n", "~~~\n", "   ```\n", "````md\n", "> ", "- ", "    ", "\t", ">>> f(1)\n",
    "<think>", "</think>\n", "<|im_end|>", "</s>", "\r", "\r\n", "\ufeff", "# note\n", "é", "\0",
    "\ud800", "else:\n", "@d\n", "\\\n", "\x0c", "def f(x)", "'",
]  # fmt: skip
TEXTS = st.text() | st.lists(st.sampled_from(WORDS), max_size=14).map("".join)


@settings(max_examples=600)
@given(TEXTS, st.sampled_from(["f", "A", None, "é", "("]))
def test_any_text_has_an_answer(text: str, entry_point: str | None) -> None:
    program = find_program(text, entry_point)
    if isinstance(program, NoProgram):
        assert program.reason
        assert program.advice
        return
    assert_covers(text, program)
    assert all(program.offset(program.place(k)) == k for k in range(len(program.code)))
    if program.complete:
        again = found(program.code, entry_point)
        assert (again.code, again.left_out) == (program.code, ())


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=10).map("".join))
def test_a_text_that_parses_is_returned_whole(before: str) -> None:
    text = before + "def f(x):\n    return x\n"
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    program = found(text)
    undefined = ("Sure", "~~~", "é")  # may only raise a NameError where they lead
    if not any(word in text for word in undefined):
        assert (program.code, program.left_out) == (text, ())
    assert program.complete


def test_this_house_is_returned_whole() -> None:
    for path in Path(__file__).parents[3].glob("attribution/**/*.py"):
        text = path.read_text(encoding="utf-8")
        if text.strip("# \n").count("\n") > 1:
            assert found(text, None).code == text, path


@pytest.mark.parametrize(
    "text",
    [
        "It isn't code (see above); there is more of it.\n" * 1_000,
        "Text.\n```python\ndef f(x):\n    return x\n```\n" * 1_000,
        "def f(x):\n    return x +\n" * 2_000,
        "   def f(x):\n      return x +\n" * 1_500,
        "```\n" * 12_500,
        "- a\n" * 12_500,
        '"""\n' * 12_500,
        "@d\n" * 15_000,
        "@d\n```\n" * 7_500,
        "(\n" * 15_000,
        "try:\n" * 10_000,
        "    a\n" * 10_000,
        "\n" * 50_000,
        "<think>" * 7_500,
        "</s>" * 12_500,
        "(" * 50_000,
        "f'{" * 15_000,
        '"""\ndef f():\n' * 2_500,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_the_time_is_linear(text: str) -> None:
    """50 kB of the hardest kinds take half a second; quadratic work would take minutes."""
    start = time.process_time()
    find_program(text, "f")
    assert time.process_time() - start < 10


def test_a_large_answer_takes_little_longer_than_its_parse() -> None:
    code = Path(random.__file__).read_text(encoding="utf-8") * 8
    start = time.process_time()
    ast.parse(code)
    parse = time.process_time() - start
    start = time.process_time()
    program = found(f"Here's it:\n```python\n{code}```\nDone.\n", "choice")
    assert program.code == code
    assert time.process_time() - start < 20 * parse + 0.5
