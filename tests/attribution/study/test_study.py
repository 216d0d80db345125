"""Records survive interruption; figures and comparisons are those of a calculation by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

from attribution.cli import main
from attribution.cli.commands import verify
from attribution.engine.stages.read_sample import sandbox_of
from attribution.errors import InvalidSample, ResourceExhausted
from attribution.faults.syntax import TokenKind
from attribution.ipc.explanation import Explanation
from attribution.schema import (
    ContrastPair,
    Origin,
    Outcome,
    SearchReport,
    Status,
    TokenChoice,
    Trial,
    Verification,
    VerifyRequest,
)
from attribution.study import records, signals, table
from attribution.study.records import Record, TrialLog

PAIR = ContrastPair(
    3, TokenChoice(5, " a", 1), TokenChoice(6, " b", 2), 2.5, Origin.VERIFIED, "b\n", 2
)
REPORT = SearchReport(
    12, 100, 1, "", Outcome.CLEAR, 40, 30, 150, 900, 20.0, 4.0, False, 1.0, 3, True
)
FAILED = Record(
    "HumanEval/1", Status.FAIL, ids=(1, 2, 3, 5), prompt_length=3, pairs=(PAIR,), search=REPORT
)
PASSED = Record("HumanEval/2", Status.PASS)
NOTHING = evolve(
    FAILED,
    task_id="HumanEval/3",
    pairs=(),
    search=evolve(
        REPORT, proved=0, outcome=Outcome.BUDGET, first_seconds=None, pivotal_certain=False
    ),
)


def trial(position: int, passed: bool, logit_diff: float, chance: float, kind: str) -> Trial:
    return Trial(position, 1, 2, logit_diff, chance, 1.0, kind, 0.0, Origin.VERIFIED, passed, 1.0)


def test_records_come_back_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    assert records.read(path) == []
    for record in (FAILED, PASSED):
        records.append(path, record)
    with path.open("a") as file:
        file.write('{"task_id": "HumanEval/9", "sta')
    assert records.read(path) == [FAILED, PASSED]
    records.append(path, NOTHING)  # in the place of the torn line
    assert records.read(path) == [FAILED, PASSED, NOTHING]
    records.append(path, evolve(PASSED, error="tried again"))  # the last word counts
    assert len(records.read(path)) == 3
    path.write_text("no record\n" + path.read_text())
    with pytest.raises(InvalidSample, match="line 1"):
        records.read(path)


def test_a_sample_that_cannot_be_run_has_failed_and_is_not_tried_again() -> None:
    unfit = records.record_of("HumanEval/5", Explanation(), InvalidSample("It lacks `f`."))
    assert (unfit.status, unfit.error) == (Status.FAIL, "It lacks `f`.")
    broken = records.record_of("HumanEval/6", Explanation(), ResourceExhausted("Out of memory."))
    assert (broken.status, broken.error) == (None, "Out of memory.")


def test_trials_come_back(tmp_path: Path) -> None:
    log = TrialLog("HumanEval/1", (trial(3, True, 0.1, -1.0, "name"),))
    records.append(tmp_path / "trials.jsonl", log)
    assert records.read_trials(tmp_path / "trials.jsonl") == [log]


def test_the_table_counts() -> None:
    lines = table.lines([FAILED, PASSED, NOTHING, Record("HumanEval/4", None, error="gone")])
    assert lines[0] == "4 tasks, 1 pass, 2 fail, 1 could not be graded"
    text = "\n".join(lines)
    assert "a proved pair                         1 of 2   50%" in text
    assert "a proved pair with Δℓ > 1             1 of 2   50%" in text
    assert "a pivotal pair as far as was tried    1 of 2   50%" in text
    assert "a pivotal pair for certain            1 of 2   50%" in text
    assert "outcomes: 1 clear, 1 budget" in text
    for name, value in (
        ("seconds", 20),
        ("rollouts", 12),
        ("programs tested", 40),
        ("tokens decoded", 100),
        ("  of them drafted and verified", 30),
        ("seconds to the first proof", 4),
    ):
        assert f"{name:34} {value:8.1f} {value:8.1f}" in lines
    assert "300 tokens computed; plain decoding: 1800" in text
    assert table.lines([PASSED]) == ["1 tasks, 1 pass, 0 fail, 0 could not be graded"]


def test_the_best_pair_counts_as_pivotal_not_just_any() -> None:
    later = evolve(PAIR, position=7, repair_size=9)
    search = evolve(REPORT, pivotal=7, pivotal_certain=False)
    upstream = evolve(FAILED, pairs=(PAIR, later), search=search)
    assert "pivotal pair as far as was tried    0 of 1" in "\n".join(table.lines([upstream]))
    at_last = evolve(upstream, pairs=(PAIR, evolve(later, repair_size=1)))
    assert "pivotal pair as far as was tried    1 of 1" in "\n".join(table.lines([at_last]))


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixed ones: what is tested is the comparison, not the order that is shipped."""
    worth = {TokenKind.OPERATOR: 0.5, TokenKind.LAYOUT: -1.5, TokenKind.PROSE: -3.0}

    def score(log_probability: float, entropy: float, suspicion: float, kind: TokenKind) -> float:
        return 0.7 * log_probability + entropy + 3 * suspicion + worth.get(kind, 0.0)

    monkeypatch.setattr(signals, "score", score)


@pytest.mark.usefixtures("weights")
def test_orders_are_compared_by_the_place_of_the_first_proof() -> None:
    trials = (
        evolve(trial(1, False, 0.1, -0.5, "layout"), entropy=0.0),
        trial(2, True, 2.0, -4.0, "operator"),
        trial(3, False, 1.0, -1.0, "prose"),
    )
    found = signals.compare([trials, (trial(1, False, 0.1, -0.5, "name"),)], (Origin.VERIFIED,))
    # Scores: layout −1.85, operator −1.3, prose −2.7; without entropy −1.85, −2.3, −3.7;
    # margins: 0.1, 2.0, 1.0.
    assert found["all signals"].mean == 1
    assert found["without entropy"].mean == 2
    assert found["without syntax"].mean == 3
    assert found["without probability"].mean == 1
    assert found["margin"].mean == 3
    assert signals.compare([trials], (Origin.SUBSTITUTED,)) == {}


@pytest.mark.usefixtures("weights")
def test_a_rollout_has_its_place_among_all_alternatives() -> None:
    """Few are written out, so among those every order does well."""
    written = trial(2, True, 2.0, -4.0, "operator")
    exchanged = (
        trial(1, True, 0.1, -0.5, "layout"),  # passes only with all else as it was
        trial(2, False, 2.0, -4.0, "operator"),
        trial(3, False, 1.0, -1.0, "prose"),
        trial(4, False, 0.5, -0.2, "name"),
    )
    both = (*(evolve(t, origin=Origin.SUBSTITUTED) for t in exchanged), written)
    second = evolve(trial(9, True, 0.1, -0.1, "name"), origin=Origin.TWO_TOKENS)  # no alternative
    found = signals.compare([(*both, second)], (Origin.VERIFIED,))
    assert (found["all signals"].mean, found["without probability"].mean) == (3, 1)
    assert (found["margin"].mean, found["chance"].mean <= 4) == (4, True)
    assert signals.compare([both], (Origin.SUBSTITUTED,))["all signals"].mean == 2
    assert signals.compare([both[:-1]], (Origin.VERIFIED,)) == {}


@pytest.mark.parametrize(
    ("options", "sandbox"), [([], "auto"), (["--sandbox", "limits"], "limits")]
)
def test_repairs_are_shut_into_the_layer_that_is_named(
    options: list[str], sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    @asynccontextmanager
    async def engine() -> AsyncIterator[None]:
        yield

    async def connect() -> object:
        return engine()

    async def results(_: None, request: VerifyRequest, _show: object) -> AsyncIterator[object]:
        found.append(sandbox_of(request))
        yield Verification(PAIR, reproduced=True, passed=True)

    monkeypatch.setattr(verify, "connect", connect)
    monkeypatch.setattr(verify, "results", results)
    path = tmp_path / "faults.jsonl"
    records.append(path, FAILED)
    assert main.main(["verify", str(path), *options]) == 0
    assert found == [sandbox]
