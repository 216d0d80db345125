"""The command line without a model: what it says of bad input, and what it prints of results."""

import argparse
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console

from attribution import __version__, schema
from attribution.cli import main
from attribution.cli.commands.common import model_settings
from attribution.cli.output.explanation_report import print_explanation
from attribution.cli.output.terminal import HeatSpan, heat_map, say
from attribution.ipc.explanation import Explanation, to_json
from attribution.models.catalogue import DEFAULT
from attribution.schema import Document, Form, Origin, Role, Status, Suite, Token, TokenChoice

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
        "Line 2: the model wrote ' +'; with ' -' (its choice no. 2) the model goes on to a program",
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


def test_a_search_tells_what_it_cost() -> None:
    explanation = explained()
    assert "tokens decoded" not in printed(explanation)  # it decoded nothing
    explanation.search = schema.SearchReport(
        8, 990, 1, "Found.", accepted_tokens=700, computed_tokens=1200, plain_tokens=9100
    )
    told = " ".join(printed(explanation).split())
    assert "990 tokens decoded, 700 of them drafted and verified; 1200 went through the" in told
    assert "by plain decoding 9100." in told


def test_the_heat_map_paints_by_relevance() -> None:
    drawn = heat_map(
        CODE, [HeatSpan(3, 10, 1.0), HeatSpan(10, 20, -1.0), HeatSpan(20, 22, 0.01)], (22, 24)
    )
    assert drawn.plain == CODE
    styles = {(span.start, span.end): str(span.style) for span in drawn.spans}
    assert "rgb(178,24,43)" in styles[3, 10]
    assert "rgb(33,102,172)" in styles[10, 20]
    assert "reverse" in styles[22, 24]
    assert (20, 22) not in styles


def test_control_characters_keep_their_place_and_do_nothing() -> None:
    hostile = "a\r\n\x0cb\x1b[31m\x08\x7f\x9b0m\tc\udcff"
    shown = "a␍\n␌b␛[31m␈␡\ufffd0m\tc\ufffd"
    assert heat_map(hostile, []).plain == shown
    explanation = explained()
    assert explanation.verdict is not None
    explanation.verdict = evolve(explanation.verdict, exception=hostile, message=hostile)
    explanation.search = schema.SearchReport(8, 99, 1, hostile)
    assert explanation.generation is not None
    explanation.generation = evolve(explanation.generation, code="\x1b[31m\r\n" + CODE)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", printed(explanation))


def test_lines_are_never_folded_and_taken_literally() -> None:
    console = Console(file=io.StringIO(), width=20)
    line = "/a folder/[bold]/:smile:/" + "x" * 50
    say(console, line)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == line + "\n"
    explanation = explained()
    assert explanation.verdict is not None
    explanation.verdict = evolve(explanation.verdict, expected=line)
    assert f"expected {line}\n" in printed(explanation)


def test_the_scale_leaves_template_tokens_out() -> None:
    assert explained().scale() == 1.0


def test_json_has_what_the_readme_promises() -> None:
    told = to_json(explained(), "asked for")
    assert told["model"] == "tiny"
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
    passing = to_json(Explanation(), "asked for")
    assert passing["pair"] is None
    assert passing["model"] == "asked for"


def test_a_folder_never_replaces_a_pinned_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / DEFAULT
    folder.mkdir()
    for named, meant in ((DEFAULT, DEFAULT), (f"./{DEFAULT}", str(folder.resolve()))):
        options = argparse.Namespace(model=named, device="cpu", dtype="auto")
        assert model_settings(options).model == meant


def test_neovim_is_configured_with_a_command_that_exists(tokenblame) -> None:  # type: ignore[no-untyped-def]
    lua = Path(__file__).parents[3] / "editor-client" / "neovim" / "tokenblame.lua"
    found = re.search(r"cmd = \{ 'tokenblame', '(\w+)' \}", lua.read_text())
    assert found is not None
    assert "README" in tokenblame(found[1], "--help").stdout  # and only `lsp` refers to it


def test_a_path_that_is_not_utf8_is_named(tokenblame, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / os.fsdecode(b"\xff") / "HumanEval_65"
    try:
        folder.mkdir(parents=True)
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    (folder / "0.py").write_text(CODE)
    done = tokenblame("explain", str(folder / "0.py"))
    assert done.returncode == 1
    assert "is not UTF-8: rename" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def tokenblame(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run the command as a user would, with an engine folder of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "attribution.cli.main", *arguments],
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
        (["explain", "x", "--rollouts", "0"], 2, "'0' is no whole number of at least 1"),
        (["explain", "x", "--rollouts", "many"], 2, "'many' is no whole number"),
        (["explain", "x", "--seconds", "0"], 2, "'0' is no number of seconds above 0"),
        (["explain", "x", "--seconds", "nan"], 2, "'nan' is no number of seconds above 0"),
        (["explain", "x", "--sandbox", "docker"], 2, "invalid choice: 'docker'"),
        (["generate", "x", "--max-new-tokens", "-1"], 2, "'-1' is no whole number"),
        ([], 2, "required"),
    ],
)
def test_what_the_command_says(tokenblame, arguments, code, said) -> None:  # type: ignore[no-untyped-def]
    done = tokenblame(*arguments)
    assert done.returncode == code, done.stderr
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr


def requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> object:
    """What `tokenblame explain` asks of the engine."""
    path, found = tmp_path / "HumanEval_0" / "0.py", []
    path.parent.mkdir()
    path.write_text(CODE)

    async def ask(request: schema.ExplainRequest, *_: object) -> None:
        found.append(request)

    monkeypatch.setattr("attribution.cli.commands.sample._ask", ask)
    main.main(["explain", str(path), *options])
    (request,) = found
    return request


def test_the_search_is_what_the_options_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = ["--rollouts", "7", "--seconds", "2.5", "--top-k", "25", "--exhaust"]
    request = requested(tmp_path, monkeypatch, *budget, "--sibling", "qwen2.5-coder-1.5b")
    assert isinstance(request, schema.ExplainRequest)
    found = request.rollouts, request.seconds, request.top_k, request.exhaust
    assert found == (7, 2.5, 25, True)
    assert request.sibling == schema.ModelSettings("qwen2.5-coder-1.5b")
    assert schema.ExplainRequest("").top_k >= 10


def test_a_pair_of_the_users_choice_travels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = requested(tmp_path, monkeypatch, "--at", "2:14", "--instead", " -")
    assert isinstance(request, schema.ExplainRequest)
    assert request.flip == schema.Flip(2, 14, " -")


@pytest.mark.parametrize(
    ("options", "sandbox"), [([], "auto"), (["--sandbox", "limits"], "limits")]
)
def test_a_sample_is_shut_into_the_layer_that_is_named(
    options: list[str], sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = requested(tmp_path, monkeypatch, *options)
    assert isinstance(request, schema.ExplainRequest)
    assert request.sandbox == sandbox
