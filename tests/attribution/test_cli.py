"""The command line without a model: what it says of bad input, and what it prints of results."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from attribution import __version__, schema
from attribution.explanation import Explanation, to_json
from attribution.schema import Document, Form, Origin, Role, Status, Suite, Token, TokenChoice
from attribution.terminal import Heat, heat_map, print_explanation

CODE = "def f(x):\n    return x + 1\n"
TOKENS = (
    Token(1, "def", Document.CODE, 0, 3, Role.TEMPLATE),
    Token(2, " f(x):\n", Document.CODE, 3, 10, Role.PROMPT),
    Token(3, "    return", Document.CODE, 10, 20, Role.OUTPUT),
    Token(4, " x", Document.CODE, 20, 22, Role.OUTPUT),
    Token(5, " +", Document.CODE, 22, 24, Role.OUTPUT),
)
PAIR = schema.ContrastPair(
    4,
    TokenChoice(5, " +", 1),
    TokenChoice(9, " -", 2),
    1.5,
    Origin.VERIFIED,
    CODE.replace("+", "-"),
)


def explained() -> Explanation:
    explanation = Explanation()
    for event in (
        schema.Verdict(
            "HumanEval/0",
            Status.FAIL,
            (Suite.BASE,),
            Suite.BASE,
            "f(1)",
            "0",
            "2",
            message="It returns a wrong result in a base test.",
        ),
        schema.Generation(
            "HumanEval/0", Form.DIRECT, "tiny", "f", CODE[:10], CODE, TOKENS, 2, (), True
        ),
        PAIR,
        schema.SearchReport(8, 99, 1, "1 of 8 rollouts pass the tests."),
        schema.Attribution(PAIR, "attnlrp", 1.5, (5.0, -0.5, 0.25, 1.0), 5.75, -4.0, -0.25),
        schema.Timings({"grade": 0.5, "search": 2.0}),
    ):
        explanation.add(event)
    return explanation


def printed(explanation: Explanation) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    print_explanation(explanation, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_an_explanation_tells_all_that_is_known() -> None:
    shown = printed(explained())
    for part in (
        "It returns a wrong result in a base test.",
        "f(1)",
        "Line 2: the model wrote ' +'; with ' -' (its choice no. 2) the tests pass",
        "-    return x + 1",
        "+    return x - 1",
        "Δℓ 1.500 = tokens 5.750 + softmax leak -4.000 + biases -0.250",
        "grade 0.5 s, search 2.0 s",
    ):
        assert part in shown
    strongest = shown[shown.index("Strongest tokens") :]
    assert (
        strongest.index("' x'") < strongest.index("' f(x):\\n'") < strongest.index("'    return'")
    )
    assert "'def'" not in strongest  # a template token


def test_a_search_without_a_pair_says_why() -> None:
    explanation = explained()
    explanation.pairs, explanation.attribution = [], None
    explanation.search = schema.SearchReport(8, 99, 0, "No single other token helps.")
    assert "No single other token helps." in printed(explanation)


def test_the_heat_map_paints_by_relevance() -> None:
    drawn = heat_map(CODE, [Heat(3, 10, 1.0), Heat(10, 20, -1.0), Heat(20, 22, 0.01)], (22, 24))
    assert drawn.plain == CODE
    styles = {(span.start, span.end): str(span.style) for span in drawn.spans}
    assert "rgb(178,24,43)" in styles[3, 10]
    assert "rgb(33,102,172)" in styles[10, 20]
    assert "reverse" in styles[22, 24]
    assert (20, 22) not in styles


def test_the_scale_leaves_template_tokens_out() -> None:
    assert explained().scale() == 1.0


def test_json_has_what_the_readme_promises() -> None:
    told = to_json(explained())
    assert told["task_id"] == "HumanEval/0"
    assert told["verdict"]["failing_input"] == "f(1)"
    assert told["pair"]["contrast"] == {"id": 9, "text": " -", "rank": 2}
    assert told["attribution"]["tokens"][1] == {
        "id": 2,
        "text": " f(x):\n",
        "document": "code",
        "start": 3,
        "end": 10,
        "role": "prompt",
        "relevance": -0.5,
    }
    assert to_json(Explanation())["pair"] is None


@pytest.fixture
def tokenblame(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run the command as a user would, with an engine folder of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "attribution.cli", *arguments],
            env={**os.environ, "TOKENBLAME_RUNTIME_DIR": str(tmp_path / "run")},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, __version__),
        (["engine", "status"], 0, "No engine is running"),
        (["engine", "stop"], 0, "No engine is running"),
        (["models"], 0, "qwen2.5-coder-0.5b"),
        (["models", "verify", "nonsense"], 1, "none of the named models"),
        (["models", "fetch", "/no/such/folder"], 1, "is no model"),
        (["explain", "/no/such/file.py"], 1, "does not exist"),
        (["explain", __file__], 1, "which task it solves"),
        (["explain"], 2, "required: path"),
        ([], 2, "required"),
    ],
)
def test_what_the_command_says(tokenblame, arguments, code, said) -> None:  # type: ignore[no-untyped-def]
    done = tokenblame(*arguments)
    assert done.returncode == code, done.stderr
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
