"""The server of one editor window: what it consists of, and where pygls asks for it."""

import logging
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter, json_rpc

from attribution import __version__
from lsp_server.engine.scheduler import Explainer
from lsp_server.protocol.client import Editor
from lsp_server.protocol.garbage import QuietProtocol
from lsp_server.state.settings import Settings

if TYPE_CHECKING:
    from pygls.server import ServerErrors

_log = logging.getLogger(__name__)


def _is_answer(error: object) -> bool:
    """Whether a request is answered with this error on purpose; else it is a mistake of ours."""
    return isinstance(error, JsonRpcException) and not isinstance(error, JsonRpcInternalError)


def _is_no_answer(record: logging.LogRecord) -> bool:
    """pygls logs every error with its traceback; answers are logged below, as what they are."""
    return record.exc_info is None or not _is_answer(record.exc_info[1])


class TokenBlameServer(LanguageServer):
    """One per client process."""

    def __init__(self) -> None:
        super().__init__(
            "tokenblame",
            __version__,
            protocol_cls=QuietProtocol,
            converter_factory=default_converter,
        )
        logging.getLogger(json_rpc.__name__).addFilter(_is_no_answer)
        self.editor = Editor(self)
        self.explainer = Explainer(self.editor)
        self.initial = Settings()  # from the initialization options, under the client's section
        self.told: frozenset[str] = frozenset()  # what is wrong with the settings, as was said
        self.pulls = 0  # requests for settings made so far: the latest answer counts

    def report_server_error(self, error: Exception, source: "ServerErrors") -> None:
        """To the log: what a user can act on is shown where it happens."""
        if _is_answer(error):
            _log.info("answered with an error: %s", error)
        else:
            _log.error("%s: %s", source.__name__, error, exc_info=error)
