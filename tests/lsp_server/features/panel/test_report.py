from attrs import evolve

from attribution.schema import Alternative, SearchReport
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.panel.report import report
from lsp_server.state.editor_view import view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.session import Session
from tests.conftest import Golden
from tests.lsp_server.samples import (
    CODE,
    FAILING,
    PASSING,
    PIECES,
    attribution,
    generation,
    pair,
    tokens,
)

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)


def page(explanation: Explanation, snapshot: Snapshot = SNAPSHOT) -> str:
    seen = view_of(snapshot, explanation)
    return report(Session(snapshot, "HumanEval/0", explanation=explanation, view=seen))


def test_all_that_is_known_is_told(golden: Golden) -> None:
    repaired = evolve(pair(), repaired_program=CODE.replace("<=", "<"))
    whole = Explanation(FAILING, generation(), (repaired,), None, attribution(chosen=repaired))
    golden("report/all_that_is_known.md", page(whole))


def test_how_much_of_a_foreign_sample_the_model_would_have_chosen_is_told() -> None:
    foreign = SearchReport(3, 9, 1, "Nothing passed.", own_share=0.998)
    text = page(Explanation(FAILING, generation(), (pair(),), foreign))
    told = "The model itself would have chosen 99% of the tokens of this sample."
    assert f"Model `tiny`, direct form. {told}\n" in text
    own = evolve(foreign, own_share=1.0)
    assert "itself" not in page(Explanation(FAILING, generation(), (pair(),), own))


def test_what_is_not_known_is_left_out() -> None:
    assert page(Explanation(PASSING)) == (
        "# HumanEval/0: why the model wrote it\n\nPasses its tests.\n"
    )


def test_a_bar_in_a_token_does_not_end_its_cell() -> None:
    pieces = [PIECES[0], (" a|b", PIECES[1][1]), *PIECES[2:]]
    text = "".join(piece for piece, _ in pieces)
    made = generation(tokens(pieces), code=text)
    assert made.alternatives[0][1] == Alternative(90, " <", 0.5, 0.125)
    explanation = Explanation(FAILING, made, (pair(),), None, attribution())
    shown = page(explanation, Snapshot(SNAPSHOT.uri, 1, text))
    assert "| 2 | `␣a\\|b` | +0.50 | 27.8% |" in shown
