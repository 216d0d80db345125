"""The server of one editor window: what it consists of, and where pygls asks for it."""

import logging
from typing import TYPE_CHECKING

from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter, json_rpc

from attribution import __version__
from lsp_server.engine.connection import Connection
from lsp_server.engine.scheduler import Scheduler
from lsp_server.features.publish import Publisher
from lsp_server.protocol.client import Editor
from lsp_server.protocol.garbage import QuietProtocol
from lsp_server.protocol.messages import EngineState
from lsp_server.state.server_state import ServerState
from lsp_server.state.settings import Settings

if TYPE_CHECKING:
    from pygls.server import ServerErrors

_log = logging.getLogger(__name__)


def _is_answer(error: object) -> bool:
    """Whether a request is answered with this error on purpose; else it is a mistake of ours."""
    return isinstance(error, JsonRpcException) and not isinstance(error, JsonRpcInternalError)


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """pygls logs every error with its traceback; answers are logged in one line below."""
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
        logging.getLogger(json_rpc.__name__).addFilter(_is_worth_logging)
        self.editor = Editor(self)
        state = ServerState()
        self.documents = state.documents
        self.prompts = state.prompts
        self.sessions = state.sessions
        self.conditions = state.conditions
        self.publisher = Publisher(self.editor, state)
        connection = Connection(self._report_start)
        self.scheduler = Scheduler(self.editor, state, self.publisher, connection)
        self.initial_settings = Settings()  # of the initialization options
        self.reported_problems: frozenset[str] = frozenset()  # of the settings in force
        self.settings_requests = 0  # sent to the client so far: the latest answer counts

    @property
    def settings(self) -> Settings:
        """The settings of this moment."""
        return self.conditions.settings

    def _report_start(self) -> None:
        self.editor.status(EngineState.STARTING, "Connecting to the engine.")

    def report_server_error(self, error: Exception, source: "ServerErrors") -> None:
        """To the log: what a user can act on is shown where it happens."""
        if _is_answer(error):
            _log.info("answered with an error: %s", error)
        else:
            _log.error("%s: %s", source.__name__, error, exc_info=error)
