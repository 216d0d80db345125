"""What a panel is told, without a server: places in either document, trust, and two models."""

import pytest
from attrs import evolve
from lsprotocol import types as lsp

from attribution.errors import InvalidRequest
from attribution.schema import (
    Agreement,
    Alternative,
    Comparison,
    Document,
    Estimate,
    Faithfulness,
    Perturbation,
    SearchReport,
    SegmentEffect,
)
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.panel.comparison import (
    choices_of,
    comparison_report,
    in_words,
    to_comparison,
)
from lsp_server.features.panel.details import Explained, places, to_details
from lsp_server.protocol.converter import to_wire
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session, SessionState
from lsp_server.state.settings import Settings
from tests.lsp_server.samples import CODE, FAILING, attribution, generation, pair

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
WHOLE = Explanation(FAILING, generation(), (pair(),), None, attribution())


def session(explanation: Explanation, state: SessionState = SessionState.DONE) -> Session:
    seen = view_of(SNAPSHOT, explanation)
    return Session(SNAPSHOT, "HumanEval/0", state=state, explanation=explanation, view=seen)


def chat() -> Explanation:
    """The first three tokens are of a prompt document with an emoji before them."""
    made = generation()
    head = [
        evolve(token, document=Document.PROMPT, start=token.start + 2, end=token.end + 2)
        for token in made.tokens[:3]
    ]
    prompt = "😀\n" + CODE[: made.tokens[2].end]
    return evolve(WHOLE, generation=evolve(made, prompt=prompt, tokens=(*head, *made.tokens[3:])))


def test_places_are_in_the_document_of_their_token() -> None:
    explanation = chat()
    assert explanation.generation is not None
    found = places(SNAPSHOT, explanation.generation, 5)
    assert found[0] == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 3))
    assert found[3].start == lsp.Position(1, 0)  # of the code


def test_faithfulness_is_told_with_its_strongest_lines() -> None:
    figure = Estimate(0.5, 0.25, 0.75)
    faithfulness = Faithfulness(
        method="attnlrp",
        complete=False,
        agreements=(Agreement(Perturbation.MASK, figure, figure, 3, 4),),
        effects=(),
        segments=(SegmentEffect(1, 3, 0.5, 0.25), SegmentEffect(3, 5, -2.0, 1.0)),
        curves=None,
        forwards=3,
        seconds=1.0,
        message="It predicts interventions.",
    )
    known = session(evolve(WHOLE, faithfulness=faithfulness))
    found = to_wire(to_details(known, Settings()))["faithfulness"]
    assert found["words"] == "It predicts interventions."
    assert found["agreements"][0]["spearman"] == (0.5, 0.25, 0.75)
    assert [line["text"] for line in found["lines"]] == ["    return x", " f(x):\n"]


def verdict_words(session: Session) -> str:
    verdict = to_details(session, Settings()).verdict
    assert verdict is not None
    return verdict.words


def test_of_a_foreign_sample_the_own_share_is_told() -> None:
    report = SearchReport(3, 9, 0, "Nothing passed.", own_share=0.25)
    alone = evolve(WHOLE, pairs=(), attribution=None)
    found = verdict_words(session(evolve(alone, search=report)))
    told = "The model itself would have chosen 25% of the tokens of this sample."
    assert found.endswith(f" Nothing passed. {told}")
    own = evolve(alone, search=evolve(report, own_share=1.0))
    assert verdict_words(session(own)).endswith(" Nothing passed.")


def test_a_repair_can_be_applied_to_what_can_be_edited() -> None:
    repaired = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
    whole = session(evolve(WHOLE, pairs=(repaired,), attribution=attribution(chosen=repaired)))
    for uri, editable in ((SNAPSHOT.uri, True), ("tokenblame-sample:/w/HumanEval_0/0.py", False)):
        shown = evolve(whole, snapshot=evolve(SNAPSHOT, uri=uri))
        found = to_details(shown, Settings()).repair
        assert found is not None
        assert (found.program, found.editable) == (repaired.repaired_program, editable)


def test_only_what_is_attributed_can_be_asked_about() -> None:
    assert Explained.of(session(WHOLE)).attribution is WHOLE.attribution
    early = Explanation(FAILING, generation())
    for known, said in (
        (None, "Explain it first"),
        (session(early), "Explain it first"),
        (session(early, SessionState.RUNNING), "being explained"),
    ):
        with pytest.raises(InvalidRequest, match=said):
            Explained.of(known)


def comparison(logit_diff: float, *, same_tokens: bool = True) -> Comparison:
    theirs = evolve(attribution(), logit_diff=logit_diff)
    made = evolve(generation(), model="la|rger", tokens=generation().tokens[:5])
    return Comparison(made, theirs, (Alternative(90, " <", 1.0, 0.5),), same_tokens)


def test_whether_two_models_agree_is_said_in_words() -> None:
    known = Explained.of(session(WHOLE))
    assert "both prefer the same" in in_words(known, comparison(0.5))
    assert "they prefer different tokens" in in_words(known, comparison(-0.5))
    # The same map: all four tokens that have a say.
    assert "4 stand at the same place" in in_words(known, comparison(0.5))
    assert "tokens differ" not in in_words(known, comparison(0.5))
    assert "tokens differ" in in_words(known, comparison(0.5, same_tokens=False))


def test_a_name_does_not_break_the_table() -> None:
    report = comparison_report(Explained.of(session(WHOLE)), comparison(0.5))
    assert "| | tiny | la\\|rger |" in report


def test_both_models_paint_prompt_and_code() -> None:
    known = Explained.of(session(chat()))
    own = to_comparison(known, comparison(0.5)).models[0]
    assert [piece.document for piece in own.pieces] == ["prompt"] * 3 + ["code"] * 2
    assert [one.text for one in choices_of(known)] == [" <=", " <"]
