"""`tokenblame graph` and `faithfulness` without an engine: options, and where the answer goes."""

import argparse
from pathlib import Path

import pytest

from attribution.cli import main
from attribution.cli.commands import graph
from attribution.cli.commands.common import part, share
from attribution.schema import ExplainRequest, GraphRequest


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample; an engine would have to be started in a folder that is not there yet."""
    monkeypatch.setenv("TOKENBLAME_RUNTIME_DIR", str(tmp_path / "run"))
    path = tmp_path / "HumanEval_2" / "0.py"
    path.parent.mkdir()
    path.write_text("def truncate_number(number):\n    return number\n")
    return path


def said(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """What the command says on standard error; nothing is on standard output."""
    try:
        found = main.main(arguments)
    except SystemExit as ended:  # how argparse refuses
        found = int(ended.code or 0)
    told = capsys.readouterr()
    assert (found, told.out) == (code, "")
    return " ".join(told.err.split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["graph", "--layers", "x"], "'x' is no list of layers"),
        (["graph", "--layers", ""], "'' is no list of layers"),
        (["graph", "--layers", "0,,1"], "'0,,1' is no list of layers"),
        (["graph", "--layers", "4-"], "'4-' is no list of layers"),
        (["graph", "--layers", "8-4"], "'8-4' is no list of layers"),
        (["graph", "--layers", "1.5"], "'1.5' is no list of layers"),
        (["graph", "--layers", "0-99999999999"], "is no list of layers"),
        (["graph", "--layers=-1"], "'-1' is no list of layers"),
        (["graph", "--nodes=-1"], "'-1' is no number of at least 0"),
        (["graph", "--nodes", "nan"], "'nan' is no number of at least 0"),
        (["graph", "--nodes", "inf"], "'inf' is no number of at least 0"),
        (["graph", "--nodes", "few"], "'few' is no number of at least 0"),
        (["graph", "--edges=-0.1"], "'-0.1' is no number of at least 0"),
        (["graph", "--mass", "0"], "'0' is no number above 0 and up to 1"),
        (["graph", "--mass", "2"], "'2' is no number above 0 and up to 1"),
        (["graph", "--mass", "nan"], "'nan' is no number above 0 and up to 1"),
        (["graph", "--influence", "0"], "'0' is no number above 0 and up to 1"),
        (["graph", "--influence", "1.1"], "'1.1' is no number above 0 and up to 1"),
        (["graph", "--refine", "0"], "'0' is no whole number of at least 1"),
        (["graph", "--refine-at", "12.mlp"], "'12.mlp' is no STAGE:TOKEN"),
        (["graph", "--refine-at", ":3"], "':3' is no STAGE:TOKEN"),
        (["graph", "--refine-at", "0.mlp:-1"], "'0.mlp:-1' is no STAGE:TOKEN"),
        (["graph", "--refine-at", "0.mlp:²"], "'0.mlp:²' is no STAGE:TOKEN"),
        (["graph", "--json", "--html"], "not allowed with argument --json"),
        (["faithfulness", "--within", "0"], "'0' is no number of seconds above 0"),
        (["faithfulness", "--within", "soon"], "'soon' is no number of seconds above 0"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str], expected: str, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *options = arguments
    assert expected in said(capsys, 2, command, str(sample), *options)


@pytest.mark.parametrize("command", ["graph", "faithfulness"])
def test_a_sample_that_is_not_there_is_named(
    command: str, sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(sample.with_name("1.py"))
    assert f"{missing} does not exist" in said(capsys, 1, command, missing)


@pytest.mark.parametrize("form", ["--json", "--html", "--graphml"])
def test_a_folder_that_is_not_there_is_told_before_anything_is_computed(
    form: str, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "missing" / "graph"
    told = said(capsys, 1, "graph", str(sample), form, "--out", str(out))
    assert f"{out} cannot be written: there is no folder {out.parent}." in told
    assert not (tmp_path / "run").exists()  # no engine was started for it


def test_a_folder_is_no_file(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, 1, "graph", str(sample), "--json", "--out", str(tmp_path))
    assert f"{tmp_path} cannot be written: it is a folder." in told
    assert not (tmp_path / "run").exists()


def test_a_file_needs_a_format(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(capsys, 1, "graph", str(sample), "--out", str(tmp_path / "graph.txt"))
    assert "--out needs --json, --html or --graphml" in told
    assert not (tmp_path / "run").exists()


def parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    graph.add_to(parser.add_subparsers())
    return parser.parse_args(["graph", "x", *options])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", (0,)), ("3,1,3", (1, 3)), ("0,4-6,23", (0, 4, 5, 6, 23)), ("7-7", (7,))],
)
def test_layers_are_numbers_and_ranges(text: str, expected: tuple[int, ...]) -> None:
    assert parsed("--layers", text).layers == expected


def test_what_is_not_said_is_the_default_of_the_request() -> None:
    explain = ExplainRequest("")
    assert graph._request(parsed(), explain) == GraphRequest(explain)


def test_every_option_reaches_the_request() -> None:
    options = "--layers 0,2 --midpoints --nodes 3 --absolute --mass 0.5 --edges 0.1 --influence 0.9"
    explain = ExplainRequest("")
    found = graph._request(parsed(*options.split(), "--unreached", "--refine", "4"), explain)
    assert found == GraphRequest(
        explain,
        layers=(0, 2),
        midpoints=True,
        node_threshold=3.0,
        relative=False,
        mass=0.5,
        edge_threshold=0.1,
        influence=0.9,
        reach=False,
        refine=4,
    )


def test_thresholds_and_parts() -> None:
    assert [share(text) for text in ("0", "0.5", "3")] == [0.0, 0.5, 3.0]
    assert [part(text) for text in ("1", "1e-3")] == [1.0, 0.001]


def test_nodes_are_named_by_stage_and_token() -> None:
    options = parsed("--refine-at", "12.mlp:40", "--refine-at", "embedding:0")
    request = graph._request(options, ExplainRequest(""))
    assert request.refine_at == (("12.mlp", 40), ("embedding", 0))
