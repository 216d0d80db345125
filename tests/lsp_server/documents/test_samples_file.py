"""Which lines of a samples file are samples, and what is shown of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.schema import SearchReport
from lsp_server.documents.samples_file import samples_of
from lsp_server.documents.snapshot import Snapshot
from lsp_server.state.editor_view import EditorView, Severity, broken_line_diagnostics, view_of
from lsp_server.state.explanation import Explanation
from lsp_server.state.settings import Thresholds
from tests.lsp_server.samples import FAILING, PASSING, attribution, generation, pair

URI = "file:///w/samples.jsonl"
SOLUTION = json.dumps({"task_id": "HumanEval/3", "solution": "def f(): ...\n"})
COMPLETION = json.dumps({"completion": "    return 1\n", "task_id": "HumanEval/4", "n": 0})


def file(*lines: str, uri: str = URI) -> Snapshot:
    return Snapshot(uri, 7, "\n".join(lines))


def test_lines_are_samples() -> None:
    document = file(SOLUTION, "", COMPLETION)
    samples = samples_of(document)
    assert samples.broken == ()
    assert [(s.text, s.task_id, s.version, s.document, s.path) for s in samples] == [
        ("def f(): ...\n", "HumanEval/3", 7, URI, None),
        ("    return 1\n", "HumanEval/4", 7, URI, None),
    ]
    lines = [sample.sample_line for sample in samples if sample.sample_line]
    assert [line.completion for line in lines] == [False, True]
    named = [document.text[slice(*line.span)] for line in lines]
    assert named == ["HumanEval/3", "HumanEval/4"]
    assert samples.at(2) == list(samples)[1]
    assert samples.at(1) is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"task_id":', "is no JSON: Expecting value"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "is no JSON object."),
        ('{"solution": ""}', 'has no "task_id".'),
        ('{"task_id": "HumanEval/3", "solution": 3}', 'neither "solution" nor "completion".'),
    ],
)
def test_what_is_no_sample_says_why(line: str, says: str) -> None:
    (problem,) = broken_line_diagnostics(samples_of(file(SOLUTION, line)))
    assert says in problem.message
    assert problem.severity is Severity.WARNING
    assert problem.span == (len(SOLUTION) + 1, len(SOLUTION) + 1 + len(line))


def test_other_json_lines_are_left_alone() -> None:
    for other in (file('{"text": "hello"}', "{"), file(SOLUTION, uri="file:///w/a.py")):
        samples = samples_of(other)
        assert not samples
        assert (list(samples), samples.broken) == ([], ())


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["\n", "\r\n"]))
def test_programs_arrive_as_they_are(program: str, end: str) -> None:
    line = json.dumps({"task_id": "Mbpp/2", "solution": program}, ensure_ascii=False)
    (sample,) = samples_of(Snapshot(URI, 1, line + end))
    assert sample.text == program


def test_a_keystroke_reads_one_line_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"task_id": f"Mbpp/{n}", "completion": f"{n}\n"}) for n in range(50)]
    samples_of(file(*lines))
    loads, read = json.loads, list[str]()

    def counted(line: str) -> object:
        read.append(line)
        return loads(line)

    monkeypatch.setattr(json, "loads", counted)
    lines[20] = " " + lines[20]
    document = file(*lines)
    places = [sample.sample_line for sample in samples_of(document)]
    assert read == [lines[20]]
    names = [document.text[slice(*place.span)] for place in places if place]
    assert names == [f"Mbpp/{n}" for n in range(50)]


def seen(explanation: Explanation) -> EditorView:
    (sample,) = samples_of(file(SOLUTION))
    return view_of(sample, explanation, Thresholds())


def test_a_line_shows_verdict_and_outcome_at_its_name() -> None:
    assert seen(Explanation()) == seen(Explanation(PASSING)) == EditorView()
    whole = Explanation(FAILING, generation(), (pair(),), None, attribution())
    (diagnostic,) = seen(whole).diagnostics
    assert SOLUTION[diagnostic.span.start : diagnostic.span.end] == "HumanEval/3"
    assert diagnostic.message == (
        "HumanEval/3: Fails base test `f(0)`: expected False, got True. The model wrote `␣<=`; "
        "with `␣<` the tests pass (Δℓ = 1.32, proved by execution)."
    )
    report = SearchReport(rollouts=1, decoded_tokens=1, proved=0, message="Nothing passed.")
    (unproved,) = seen(Explanation(FAILING, generation(), (), report)).diagnostics
    assert unproved.message.endswith("got True. Nothing passed.")
