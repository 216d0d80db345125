from attrs import evolve

from attribution.schema import Origin, Progress, SearchReport, SecondFlip, TokenChoice
from lsp_server.documents.snapshot import Snapshot
from lsp_server.state.choices import pair_at
from lsp_server.state.session import SessionState
from lsp_server.state.sessions import Sessions
from tests.lsp_server.samples import CODE, FAILING, attribution, generation, pair

URI = "file:///w/HumanEval_0/0.py"
FIRST = Snapshot(URI, 1, CODE)
SECOND = Snapshot(URI, 2, CODE + "#")


def test_events_gather() -> None:
    sessions = Sessions()
    sessions.renew(FIRST)
    report = SearchReport(rollouts=3, decoded_tokens=9, proved=1, message="")
    for event in (FAILING, generation(), pair(), report, attribution()):
        session = sessions.add(FIRST, event)
    assert session is not None
    explanation = session.explanation
    assert explanation.verdict == FAILING
    assert explanation.generation == generation()
    assert explanation.search == report
    assert explanation.attribution == attribution()
    assert session.view.heat_map is not None


def test_the_earliest_proof_stands_until_one_is_attributed() -> None:
    sessions = Sessions()
    sessions.renew(FIRST)
    sessions.add(FIRST, pair(6))
    session = sessions.add(FIRST, pair(4))
    assert session is not None
    assert session.explanation.pair == pair(4)
    session = sessions.add(FIRST, attribution(chosen=pair(6)))
    assert session is not None
    assert session.explanation.pair == pair(6)


def test_repairs_that_begin_with_the_same_token_are_all_kept() -> None:
    sessions = Sessions()
    sessions.renew(FIRST)
    written = TokenChoice(7, "\n", 1)
    first, second = (
        evolve(
            pair(),
            origin=Origin.TWO_TOKENS,
            second=SecondFlip(7, written, TokenChoice(token, " 1", 2)),
        )
        for token in (91, 92)
    )
    alone = evolve(pair(), origin=Origin.SUBSTITUTED)
    for event in (first, second, alone, first, second):  # a longer search repeats what is known
        session = sessions.add(FIRST, event)
    assert session is not None
    assert sorted(session.explanation.pairs, key=str) == sorted((first, second, alone), key=str)
    assert pair_at(session.explanation, alone.position, alone.contrast.id) == alone
    session = sessions.add(FIRST, pair())  # the same repair, proved in another way
    assert session is not None
    assert alone not in session.explanation.pairs
    assert len(session.explanation.pairs) == 3


def test_progress_says_nothing_about_the_text() -> None:
    sessions = Sessions()
    before = sessions.renew(FIRST)
    assert sessions.add(FIRST, Progress("…")) == before


def test_a_version_that_moved_on_takes_nothing() -> None:
    sessions = Sessions()
    sessions.renew(FIRST)
    sessions.add(FIRST, FAILING)
    fresh = sessions.renew(SECOND)
    assert sessions.add(FIRST, generation()) is None
    assert sessions.get(FIRST) is None
    assert not sessions.set_state(FIRST, SessionState.DONE)
    assert sessions.get(SECOND) is fresh
    assert fresh.explanation.verdict is None


def test_a_task_once_named_stays_named() -> None:
    sessions = Sessions()
    plain = Snapshot("file:///w/a.py", 1, CODE)
    assert sessions.renew(plain).task_id is None
    assert sessions.renew(plain, "Mbpp/2").task_id == "Mbpp/2"
    assert sessions.renew(Snapshot(plain.uri, 2, CODE)).task_id == "Mbpp/2"
    sessions.close(plain)
    assert sessions.renew(plain).task_id == "Mbpp/2"  # for as long as the server lives
    sessions.take_back_task(plain)
    assert sessions.renew(plain).task_id is None
    assert sessions.renew(FIRST).task_id == "HumanEval/0"
