"""What is offered at which place, and what edits do to the text."""

from attrs import evolve
from hypothesis import given
from lsprotocol.types import TextDocumentContentChangePartial

from attribution.schema import Origin, SearchReport, SecondFlip, TokenChoice
from lsp_server.documents.differences import smallest_replacement
from lsp_server.documents.snapshot import Snapshot
from lsp_server.documents.store import apply_change
from lsp_server.features.code_actions import CodeAction, code_actions
from lsp_server.features.to_lsp import to_range
from lsp_server.protocol.positions import Encoding, Span
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session, SessionState
from tests.lsp_server.protocol.test_positions import encodings, texts
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    TARGET,
    attribution,
    generation,
    pair,
)

URI = "file:///w/HumanEval_0/0.py"
SNAPSHOT = Snapshot(URI, 3, CODE)
REPAIRED = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
WHOLE = Explanation(FAILING, generation(), (REPAIRED,), None, attribution(chosen=REPAIRED))


def offered(
    needle: str, explanation: Explanation = WHOLE, state: SessionState = SessionState.DONE
) -> list[CodeAction]:
    at = CODE.index(needle)
    seen = view_of(SNAPSHOT, explanation)
    session = Session(SNAPSHOT, "HumanEval/0", state=state, explanation=explanation, view=seen)
    return code_actions(SNAPSHOT, session, Span(at, at))


def titles(actions: list[CodeAction]) -> list[str]:
    return [action.title for action in actions]


ASKING = [
    "Search longer for the token that broke it",
    "Check the faithfulness of this map",
    "Where did the model lose the thread?",
    "Open the attribution graph",
    "Copy a report to share",
]


def test_the_repair_is_offered_on_the_line_of_the_fault() -> None:
    repair = offered("<=")[0]
    assert repair.title == "Apply the repair: ␣<= → ␣< (the tests pass)"
    assert repair.edit is not None
    assert CODE[repair.edit.span.start : repair.edit.span.end] == "="
    assert titles(offered("return"))[0] == repair.title
    assert titles(offered("def")) == ASKING


def test_no_edit_is_offered_where_nothing_can_be_written() -> None:
    snapshot = evolve(SNAPSHOT, uri="tokenblame-sample:/w/samples.jsonl/HumanEval_0/1.py")
    seen = view_of(snapshot, WHOLE)
    session = Session(
        snapshot, "HumanEval/0", state=SessionState.DONE, explanation=WHOLE, view=seen
    )
    at = CODE.index("<=")
    assert not any(action.edit for action in code_actions(snapshot, session, Span(at, at)))


def test_another_written_token_can_become_the_target() -> None:
    (choice,) = [action for action in offered("x <=") if action.command == "tokenblame.attribute"]
    assert choice.title == "Choose as target: ␣x against ␣< (12.5%)"
    assert choice.arguments == (URI, {"version": 3, "position": TARGET - 1, "contrast": 90})


def test_the_pair_that_is_shown_is_not_offered_again() -> None:
    assert "against" not in "".join(titles(offered("<=")))
    other = evolve(WHOLE, attribution=attribution(chosen=pair(4)))
    assert "Explain the proved pair: ␣<= → ␣<" in titles(offered("def", other))


def test_repairs_that_begin_with_the_same_token_are_one_choice() -> None:
    flips = [SecondFlip(7, TokenChoice(7, "\n", 1), TokenChoice(k, " 1", 2)) for k in (91, 92)]
    proved = (pair(), *(evolve(pair(), second=flip) for flip in flips))
    several = evolve(WHOLE, pairs=proved, attribution=attribution(chosen=pair(4)))
    titles_of_pairs = [title for title in titles(offered("def", several)) if "proved pair" in title]
    assert titles_of_pairs == ["Explain the proved pair: ␣<= → ␣<"]
    shown = evolve(WHOLE, pairs=proved)
    assert "proved pair" not in "".join(titles(offered("def", shown)))


def test_nothing_can_be_asked_about_what_passes_or_runs() -> None:
    assert offered("<=", Explanation(PASSING)) == []
    assert offered("<=", Explanation()) == []
    assert titles(offered("def", state=SessionState.RUNNING)) == ASKING[3:]


def test_a_complete_search_is_not_offered_to_go_on() -> None:
    report = SearchReport(1, 1, 0, "", complete=True)
    offered_titles = titles(offered("def", Explanation(FAILING, generation(), (), report)))
    assert offered_titles == [ASKING[2], ASKING[4]]
    assert titles(offered("def", Explanation(FAILING))) == [ASKING[0], ASKING[4]]  # not read yet


def test_a_sibling_to_compare_with_is_named() -> None:
    seen = view_of(SNAPSHOT, WHOLE)
    session = Session(
        SNAPSHOT, "HumanEval/0", state=SessionState.DONE, explanation=WHOLE, view=seen
    )
    offered_titles = titles(code_actions(SNAPSHOT, session, Span(0, 0), "larger"))
    assert "Compare with the sibling model larger" in offered_titles
    assert "Compare" not in "".join(titles(offered("def")))


def test_a_choice_by_hand_needs_no_repair() -> None:
    chosen = evolve(pair(), origin=Origin.MANUAL)
    explanation = Explanation(FAILING, generation(), (), None, None, chosen)
    assert "Apply" not in "".join(titles(offered("<=", explanation)))


@given(texts, texts, texts, texts, encodings)
def test_an_edit_makes_the_new_text(
    head: str, old: str, new: str, tail: str, encoding: Encoding
) -> None:
    """Through positions as a client reads them, whatever is between the parts' line ends."""
    before, after = head + old + tail, head + new + tail
    replacement = smallest_replacement(before, after)
    document = Snapshot(URI, 1, before, encoding)
    place = to_range(document.lines, replacement.span)
    change = TextDocumentContentChangePartial(place, replacement.text)
    assert apply_change(document, change) == after
