"""All that the server knows about one editor window."""

from attrs import field, frozen

from lsp_server.documents.prompts import PromptDocuments
from lsp_server.documents.store import Documents
from lsp_server.state.conditions import Conditions
from lsp_server.state.sessions import Sessions


@frozen
class ServerState:
    """The open documents, what is known about each of them, and the conditions of work."""

    documents: Documents = field(factory=Documents)
    prompts: PromptDocuments = field()
    sessions: Sessions = field(factory=Sessions)
    conditions: Conditions = field(factory=Conditions)

    @prompts.default
    def _prompt_documents(self) -> PromptDocuments:
        return PromptDocuments(self.documents)
