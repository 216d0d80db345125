"""What the lenses of a sample say from its opening to its faithfulness, and what a click does."""

from attrs import evolve

from attribution.schema import (
    Agreement,
    Estimate,
    Event,
    Faithfulness,
    Form,
    Perturbation,
)
from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.features.code_lens import Lens, lenses_of, sample_line_lenses
from lsp_server.state.editor_view import untrusted_view
from lsp_server.state.session import SessionState
from lsp_server.state.sessions import Sessions
from lsp_server.state.settings import Run
from tests.conftest import Golden
from tests.lsp_server.samples import CODE, FAILING, attribution, generation, margin, pair

SNAPSHOT = Snapshot("file:///w/HumanEval_0/0.py", 1, CODE)
_HALF = Estimate(0.5, 0.25, 0.75)
FAITHFULNESS = Faithfulness(
    method="attnlrp",
    complete=False,
    agreements=(Agreement(Perturbation.MASK, _HALF, _HALF, measured=4, of=5),),
    effects=(),
    segments=(),
    curves=None,
    forwards=3,
    seconds=1.0,
    message="It predicts interventions.",
)


def as_text(lenses: list[Lens]) -> str:
    return "\n".join(f"- {lens.title} → {lens.command}{list(lens.arguments)}" for lens in lenses)


def stages() -> dict[str, str]:
    """The lenses of a sample at every stage of its explanation."""
    sessions, texts = Sessions(), dict[str, str]()

    def note(stage: str) -> None:
        texts[stage] = as_text(lenses_of(SNAPSHOT, sessions, Run.TYPE))

    def add(*events: Event) -> None:
        for event in events:
            sessions.add(SNAPSHOT, event)

    sessions.renew(SNAPSHOT)
    note("opened")
    sessions.set_state(SNAPSHOT, SessionState.RUNNING)
    note("the tests run")
    add(FAILING)
    note("the tests failed, the search runs")
    sessions.set_state(SNAPSHOT, SessionState.STOPPED)
    note("stopped")
    add(evolve(generation(), form=Form.CHAT), pair(), attribution())
    sessions.set_state(SNAPSHOT, SessionState.DONE)
    note("attributed, in chat form")
    add(FAITHFULNESS)
    note("checked")
    sessions.refuse(SNAPSHOT, untrusted_view(SNAPSHOT))
    note("refused")
    return texts


def test_every_stage_of_an_explanation_has_its_lenses(golden: Golden) -> None:
    text = "\n".join(f"{stage}\n{lenses}" for stage, lenses in stages().items())
    golden("lenses/stages.txt", text)


def test_an_edit_says_what_it_did_and_that_the_tests_follow(golden: Golden) -> None:
    sessions, edited = Sessions(), Snapshot(SNAPSHOT.uri, 2, f"# a\n{CODE}")
    sessions.renew(SNAPSHOT)
    for event in (FAILING, generation(), pair(), attribution()):
        sessions.add(SNAPSHOT, event)
    sessions.renew(edited)
    sessions.add(edited, margin(0.8))
    golden("lenses/edited.txt", as_text(lenses_of(edited, sessions, Run.TYPE)))


def test_a_line_of_a_samples_file_has_two(golden: Golden) -> None:
    line = '{"task_id": "HumanEval/3", "solution": "def f(): ...\\n"}'
    (sample,) = samples_of(Snapshot("file:///w/samples.jsonl", 7, line))
    sessions = Sessions()
    texts = [as_text(sample_line_lenses(sample, sessions))]
    sessions.renew(sample)
    sessions.set_state(sample, SessionState.RUNNING)
    texts.append(as_text(sample_line_lenses(sample, sessions)))
    for event in (FAILING, generation(), pair()):
        sessions.add(sample, event)
    texts.append(as_text(sample_line_lenses(sample, sessions)))
    golden("lenses/sample_line.txt", "\n".join(texts))
