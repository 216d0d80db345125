import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import (
    Alternative,
    Document,
    Origin,
    Role,
    SearchReport,
    SecondFlip,
    Token,
    TokenChoice,
)
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.hover import hover_at
from lsp_server.state import wording
from lsp_server.state.editor_view import EditorView, view_of
from lsp_server.state.explanation import Explanation
from tests.conftest import Golden
from tests.lsp_server.samples import CODE, FAILING, TARGET, attribution, generation, pair

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
WHOLE = Explanation(FAILING, generation(), (pair(),), None, attribution())


def text_at(needle: str, explanation: Explanation = WHOLE) -> str:
    hover = hover_at(explanation, view_of(SNAPSHOT, explanation), CODE.index(needle))
    assert hover is not None
    return hover.markdown


def test_a_written_token(golden: Golden) -> None:
    golden("hover/written_token.md", text_at("    return"))


def test_a_prompt_token_tells_what_was_expected_there(golden: Golden) -> None:
    made = generation()
    known = Alternative(made.tokens[2].id, "(x):\n", 2.0, 0.75), Alternative(90, " <", 0.5, 0.125)
    read = evolve(made, prompt_alternatives=((), known[1:], known))
    explanation = evolve(WHOLE, generation=read)
    golden("hover/prompt_token.md", text_at("(x)", explanation))
    assert "likeliest" not in text_at("def", explanation)  # nothing comes before it
    assert "likeliest" not in text_at("(x)")  # of a model that was not asked


def test_a_template_token_is_out_of_the_ranking(golden: Golden) -> None:
    golden("hover/template_token.md", text_at("def"))


def test_the_faulty_token_says_the_pair(golden: Golden) -> None:
    golden("hover/faulty_token.md", text_at(" <="))


@pytest.mark.parametrize(("certain", "ends"), [(True, "the program."), (False, "was tried.")])
def test_the_pivotal_token_says_so(certain: bool, ends: str) -> None:
    report = SearchReport(3, 9, 1, "", pivotal=TARGET, pivotal_certain=certain)
    explanation = evolve(WHOLE, search=report)
    (line,) = (part for part in text_at(" <=", explanation).split("\n\n") if "Pivotal" in part)
    assert line.endswith(ends)
    assert "Pivotal" not in text_at(" 0", explanation)
    assert "Pivotal" not in text_at(" <=")


def test_of_a_repair_by_two_tokens_both_are_named(golden: Golden) -> None:
    second = SecondFlip(7, TokenChoice(1, " 0", 1), TokenChoice(2, " 1", 2))
    both = evolve(pair(), second=second, origin=Origin.TWO_TOKENS)
    explanation = evolve(WHOLE, pairs=(both,), attribution=attribution(chosen=both))
    golden("hover/faulty_token_of_two.md", text_at(" <=", explanation))


def test_before_the_attribution_there_are_alternatives_only(golden: Golden) -> None:
    text = text_at("    return", Explanation(FAILING, generation()))
    golden("hover/before_the_attribution.md", text)


def test_a_sample_without_a_trace_says_so(golden: Golden) -> None:
    explanation = evolve(WHOLE, generation=evolve(generation(), model="a_b", retokenized=True))
    golden("hover/without_a_trace.md", text_at(" f", explanation))


def test_characters_of_several_tokens() -> None:
    parts = tuple(Token(n, "\ufffd", Document.CODE, 0, 1, Role.OUTPUT) for n in range(3))
    explanation = Explanation(FAILING, generation(parts, code="😀"))
    hover = hover_at(explanation, EditorView(), 0)
    assert hover is not None
    assert hover.markdown.startswith(
        "**`😀`** · written by the model · token 0 · 3 tokens share it"
    )
    assert hover.span == (0, 1)


def test_nothing_is_known_about_nothing() -> None:
    assert hover_at(Explanation(FAILING), EditorView(), 0) is None
    assert hover_at(WHOLE, EditorView(), len(CODE)) is None


def test_a_prompt_of_its_own_has_segments_too() -> None:
    prompt = "<s>Write:\n```\ndef f(x):\n```"
    places = [(0, 3, Role.TEMPLATE), (3, 10, Role.PROMPT), (14, 17, Role.PROMPT)]
    made = tuple(
        Token(n, prompt[a:b], Document.PROMPT, a, b, r) for n, (a, b, r) in enumerate(places)
    )
    explanation = Explanation(FAILING, generation(made, code="", prompt=prompt))
    for (start, _, _), name in zip(
        places, ("chat template", "instruction", "signature of f"), strict=True
    ):
        hover = hover_at(explanation, EditorView(), start, Document.PROMPT)
        assert hover is not None
        assert hover.markdown.splitlines()[0].endswith(f" · {name}")


def test_alternatives_of_the_prompt_document_do_not_leak_into_the_code() -> None:
    token = Token(1, "x", Document.PROMPT, 0, 1, Role.PROMPT)
    made = generation((token,), code="")
    assert hover_at(Explanation(FAILING, made), EditorView(), 0) is None
    assert made.alternatives == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  x", "`␣␣x`"),
        ("\r\n\t", "`␍⏎⇥`"),
        ("\x0c\x00", "`\\x0c\\x00`"),
        ("`", "`` ` ``"),
        ("a``b", "```a``b```"),
        ("é", "`é`"),
        ("\ufffd", "`(part of a character)`"),
        ("", "`(part of a character)`"),
        ("\u202e", "`\\u202e`"),
    ],
)
def test_tokens_are_spelled_visibly(text: str, shown: str) -> None:
    assert wording.token(text) == shown


@given(st.text())
def test_a_code_span_ends_where_it_should(text: str) -> None:
    """CommonMark: it is closed by the first run of backticks as long as the opening one."""
    span = wording.token(text)
    opening = re.match("`+", span)
    assert opening is not None
    runs = [run for run in re.findall("`+", span) if len(run) == len(opening[0])]
    assert len(runs) == 2
    assert span.endswith(runs[1])
    assert not re.search(r"[^\S ]", span)


def test_the_parts_of_the_difference_keep_their_sign() -> None:
    negative = evolve(WHOLE, attribution=evolve(attribution(), sum=-0.23, bias=1.35))
    assert "tokens −0.23 + softmax leak 0.20 + bias 1.35" in text_at(" f", negative)


def test_numbers_keep_their_sign_and_size() -> None:
    assert [wording.signed(v) for v in (1.234, -0.5, 0.00123)] == ["+1.23", "−0.50", "+0.0012"]


def test_alternatives_carry_probabilities() -> None:
    made = evolve(generation(), alternatives=((Alternative(1, "|*", 1.0, 0.5),),))
    assert "- `|*` 50.0%" in text_at("    return", Explanation(FAILING, made))
