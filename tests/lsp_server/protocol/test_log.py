"""The log that users open: mistakes with their traceback, answers without."""

import logging
from concurrent.futures import Future
from typing import Any

import pytest
from pygls.exceptions import JsonRpcContentModified, JsonRpcException

from lsp_server.server import create_server


def logged(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> list[logging.LogRecord]:
    """What the log says of a request that ends in this error."""
    protocol = create_server().protocol
    caplog.set_level(logging.INFO)
    sent: list[Any] = []
    monkeypatch.setattr(protocol, "_send_response", lambda *_, error: sent.append(error))
    future: Future[Any] = Future()
    future.set_exception(error)
    protocol._send_handler_result(future, msg_id=1)
    assert len(sent) == 1
    return caplog.records


@pytest.mark.parametrize(
    "error", [JsonRpcContentModified("Edited."), JsonRpcException("Edited.", -32803)]
)
def test_an_answer_is_no_crash(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = logged(error, caplog, monkeypatch)
    assert (record.levelno, record.exc_info) == (logging.INFO, None)
    assert record.getMessage() == "answered with an error: Edited."


def test_a_mistake_is_told_with_its_traceback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = logged(ZeroDivisionError("a mistake"), caplog, monkeypatch)
    assert {record.levelno for record in records} == {logging.ERROR}
    assert any(one.exc_info and one.exc_info[0] is ZeroDivisionError for one in records)
