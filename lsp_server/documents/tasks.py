"""Which task a document is about: its path or its line says so, or its user does."""

from lsp_server.documents.snapshot import Snapshot


class AssignedTasks:
    """The tasks that the user has named, by document; closing a document does not forget them."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[str, ...]] = {}  # the latest last

    def task_id(self, snapshot: Snapshot) -> str | None:
        """What the user has named, else what the path or the line names."""
        named = self._named.get(snapshot.uri)
        return named[-1] if named else snapshot.task_id

    def assign(self, snapshot: Snapshot, task_id: str) -> None:
        if task_id != self.task_id(snapshot):
            self._named[snapshot.uri] = (*self._named.get(snapshot.uri, ()), task_id)

    def take_back(self, snapshot: Snapshot) -> str | None:
        """The task named last does not exist: the one before it counts again, and is returned."""
        self._named[snapshot.uri] = self._named.get(snapshot.uri, ())[:-1]
        return self.task_id(snapshot)
