"""`tokenblame curve` without an engine: its options, and what it prints of a curve made by hand."""

import argparse
import io
import json
import re
from pathlib import Path

import pytest
from attrs import evolve, fields_dict
from rich.console import Console

from attribution.cli import main
from attribution.cli.commands import curve
from attribution.cli.output.curve_report import print_curve
from attribution.errors import EngineUnavailable, TokenBlameError
from attribution.ipc.explanation import Explanation
from attribution.schema import (
    CurveRequest,
    ExplainRequest,
    PassCurve,
    PassRate,
    Status,
    Suite,
    Timings,
    Verdict,
)
from tests.attribution.cli.test_graph import said
from tests.attribution.cli.test_main import explained

POINTS = (PassRate.of(2, 6, 8), PassRate.of(4, 12, 16), PassRate.of(5, 2, 16))
CURVE = PassCurve(
    POINTS,
    8,
    0.8,
    0.2,
    "With ' +' the share falls.",
    steepest=(4, 5),
    fall=POINTS[1].fall_to(POINTS[2]),
    pivot=4,
    complete=True,
    rollouts=40,
    programs=12,
    seconds=31.4,
)
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@pytest.fixture
def explanation() -> Explanation:
    """Of `def f(x): return x + 1`, whose output tokens are '    return', ' x' and ' +'."""
    found = explained()
    found.add(evolve(CURVE, points=POINTS[:1], complete=False))
    found.add(CURVE)
    return found


def printed(found: PassCurve, explanation: Explanation) -> list[str]:
    console = Console(file=io.StringIO(), width=60, highlight=False, force_terminal=False)
    assert explanation.generation is not None
    print_curve(found, explanation.generation, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_every_point_has_a_row_with_its_code_and_the_pivot_is_marked(
    explanation: Explanation,
) -> None:
    assert printed(CURVE, explanation)[1:] == [
        "With ' +' the share falls.",
        "",
        " line  pass                 95 %       kept │ written next in the sample",
        "    2  ████████··      6/8  41–93 %    │    return x + 1",
        "    2  ████████··    12/16  51–90 %        return x│ + 1",
        "    ▼  pivot: ' +', falls by 62% (29% to 80%)",
        "    3  █·········     2/16  3–36 %     │",
        "40 continuations at temperature 0.8, 12 programs tested in 31 s.",
    ]


def test_a_stretch_that_is_not_narrowed_down_is_no_pivot(explanation: Explanation) -> None:
    wide = evolve(CURVE, steepest=(2, 4), pivot=None, complete=False)
    shown = printed(wide, explanation)
    assert "    ▼  the steepest stretch: 2 tokens, falls by 62% (29% to 80%)" in shown
    assert "the budget was spent before the curve was complete" in shown[-1]


def test_nothing_found_is_told(explanation: Explanation) -> None:
    none = PassCurve((), 8, 0.8, 0.2, "The budget was spent.")
    shown = printed(none, explanation)
    assert "The budget was spent." in shown
    assert not any("▼" in row or "pass " in row for row in shown)


def test_a_sample_cannot_steer_the_terminal(explanation: Explanation) -> None:
    assert explanation.generation is not None
    code = "def f(x):\n    \x1b[31m\x9b[b]\r"
    tokens = tuple(evolve(t, text="\x1b[2J") for t in explanation.generation.tokens)
    explanation.generation = evolve(explanation.generation, code=code, tokens=tokens)
    shown = printed(evolve(CURVE, message="\x1b[31m"), explanation)
    assert not STEERING.search("\n".join(shown).replace("\n", ""))
    assert any("[b]" in row for row in shown)


def test_the_latest_curve_is_kept(explanation: Explanation) -> None:
    assert explanation.curve == CURVE


# The command


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(tmp_path / "run"))
    path = tmp_path / "HumanEval_2" / "0.py"
    path.parent.mkdir()
    path.write_text("def truncate_number(number):\n    return number\n")
    return path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--samples", "0"], "'0' is no whole number of at least 1"),
        (["--temperature", "0"], "'0' is no temperature above 0"),
        (["--temperature", "nan"], "'nan' is no temperature above 0"),
        (["--temperature", "inf"], "'inf' is no temperature above 0"),
        (["--temperature", "warm"], "'warm' is no temperature above 0"),
        (["--drop", "0"], "'0' is no number above 0 and up to 1"),
        (["--drop", "2"], "'2' is no number above 0 and up to 1"),
        (["--seconds", "soon"], "'soon' is no number of seconds above 0"),
        (["--rollouts", "9"], "unrecognized arguments: --rollouts 9"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str], expected: str, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in said(capsys, 2, "curve", str(sample), *arguments)


def test_a_sample_that_is_not_there_is_named(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(sample.with_name("1.py"))
    assert f"{missing} does not exist" in said(capsys, 1, "curve", missing)


def requested(monkeypatch: pytest.MonkeyPatch, path: Path, *options: str) -> CurveRequest:
    """What the command asks of the engine."""
    found: list[CurveRequest] = []

    async def ask(request: CurveRequest, *_: object) -> None:
        found.append(request)

    monkeypatch.setattr("attribution.cli.commands.sample._ask", ask)
    assert main.main(["curve", str(path), *options]) == 1  # nothing was answered
    return found[0]


def test_what_is_not_said_is_the_default_of_the_request(
    sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = requested(monkeypatch, sample)
    plain = ExplainRequest(
        sample.read_text(), path=str(sample), task_id=found.explain.task_id, trusted=True
    )
    assert found == CurveRequest(plain)


def test_every_option_reaches_the_request(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = "--samples 3 --temperature 0.5 --seconds 9 --drop 0.4 --model smollm2-135m"
    found = requested(monkeypatch, sample, *options.split())
    assert (found.samples, found.temperature, found.seconds, found.drop) == (3, 0.5, 9.0, 0.4)
    assert found.explain.settings.model == "smollm2-135m"


def answered(
    monkeypatch: pytest.MonkeyPatch,
    explanation: Explanation,
    ends: type[BaseException] | TokenBlameError | None = None,
) -> None:
    """The engine answers this, and then it `ends` the hard way."""

    def answer(options: argparse.Namespace, _: object, found: Explanation) -> Explanation:
        assert options.path
        for name in fields_dict(Explanation):
            setattr(found, name, getattr(explanation, name))
        if ends is not None:
            raise ends
        return found

    monkeypatch.setattr(curve, "answer", answer)


@pytest.mark.parametrize(
    ("ends", "code"), [(KeyboardInterrupt, 130), (EngineUnavailable("It died."), 1)]
)
def test_what_was_sampled_before_it_was_stopped_is_shown(
    explanation: Explanation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ends: type[BaseException] | TokenBlameError,
    code: int,
) -> None:
    explanation.curve = evolve(CURVE, points=POINTS[:1], complete=False)
    answered(monkeypatch, explanation, ends)
    assert main.main(["curve", "x"]) == code
    text = capsys.readouterr().out
    assert f"Partial: {CURVE.message}" in text
    assert "it was stopped before the curve was complete." in " ".join(text.split())
    assert main.main(["curve", "x", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["curve"]["complete"] is False
    explanation.curve = None
    assert main.main(["curve", "x"]) == code
    assert capsys.readouterr().out == ""


def test_text_and_json(
    explanation: Explanation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered(monkeypatch, explanation)
    assert main.main(["curve", "x"]) == 0
    text = capsys.readouterr().out
    assert text.index("wrong result in a base test") < text.index("▼  pivot: ' +'")
    assert main.main(["curve", "x", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"task_id", "model", "form", "retokenized", "verdict", "curve"}
    assert (found["task_id"], found["model"]) == ("HumanEval/0", "tiny")
    assert found["curve"]["pivot"] == 4
    assert found["curve"]["points"][1] == {
        "position": 4,
        "passed": 12,
        "samples": 16,
        "low": POINTS[1].low,
        "high": POINTS[1].high,
        "offset": 22,
        "line": 2,
    }


def test_where_the_tests_pass_there_is_no_curve(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passing = Explanation()
    passing.add(Verdict("HumanEval/0", Status.PASS, (Suite.BASE,), message="All tests pass."))
    passing.add(Timings({"grade": 0.5}))
    answered(monkeypatch, passing)
    assert "All tests pass." in said(capsys, 1, "curve", "x", "--json")
