"""Messages on the wire, and the extension's interfaces that are made from them."""

import pytest
from lsprotocol.types import Position, Range

from attribution.schema import Origin, Role
from lsp_server.protocol import typescript
from lsp_server.protocol.converter import camel_case, from_wire, to_wire
from lsp_server.protocol.messages import (
    CompareParams,
    DocumentParams,
    GraphParams,
    Relevance,
    RelevancePair,
    RelevanceSpan,
    RelevanceState,
)

PLACE = Range(Position(0, 1), Position(2, 3))
ON_THE_WIRE = {"start": {"line": 0, "character": 1}, "end": {"line": 2, "character": 3}}


def test_the_interfaces_of_the_extension_are_fresh() -> None:
    """Else run `make generate`."""
    assert typescript.TARGET.read_text(encoding="utf-8") == typescript.generate()


def test_names_are_in_camel_case_and_nothing_is_left_out() -> None:
    relevance = Relevance(
        "file:///a.py",
        3,
        RelevanceState.COMPUTED,
        "HumanEval/0",
        scale=2.0,
        spans=(RelevanceSpan(PLACE, -1.0, -0.5, Role.OUTPUT),),
        pair=RelevancePair(PLACE, " <", " <=", 2, 1.5, Origin.VERIFIED, weak=False),
    )
    assert to_wire(relevance) == {
        "uri": "file:///a.py",
        "version": 3,
        "state": "computed",
        "taskId": "HumanEval/0",
        "scale": 2.0,
        "logitDiff": None,
        "spans": [{"range": ON_THE_WIRE, "relevance": -1.0, "value": -0.5, "role": "output"}],
        "pair": {
            "range": ON_THE_WIRE,
            "target": " <",
            "contrast": " <=",
            "contrastRank": 2,
            "logitDiff": 1.5,
            "origin": "verified",
            "weak": False,
        },
        "completeness": None,
        "promptUri": None,
        "promptText": None,
        "promptSpans": [],
    }


def test_what_a_client_sends_becomes_a_message() -> None:
    sent = {"uri": "file:///a.py", "version": 2, "workDoneToken": "panel/1", "later": True}
    assert from_wire(sent, DocumentParams) == DocumentParams("file:///a.py", 2, "panel/1")
    assert from_wire({"uri": "u", "midpoints": True}, GraphParams).midpoints is True
    assert from_wire({"uri": "u", "model": None}, CompareParams).model is None


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, "uri"),
        ({"uri": 3}, "uri"),
        ({"uri": "u", "version": "2"}, "version"),
        ({"uri": "u", "midpoints": "yes"}, "midpoints"),
        (None, "no JSON object"),
        ([], "no JSON object"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(sent: object, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        from_wire(sent, GraphParams)


def test_one_word_keeps_its_name() -> None:
    assert [camel_case(name) for name in ("uri", "work_done_token")] == ["uri", "workDoneToken"]
