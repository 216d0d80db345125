"""What decides whether and how work is done: settings, trust, and whether they are known yet."""

import asyncio

from attrs import define, field

from lsp_server.state.settings import Settings


@define
class Conditions:
    """The conditions of this moment; they change at run time, through these methods alone."""

    _settings: Settings = field(factory=Settings)
    _client_trust: bool | None = None  # None: the client said nothing
    _settled: asyncio.Event = field(factory=asyncio.Event)

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def client_says_trust(self) -> bool:
        """Whether the client has said if it trusts the workspace."""
        return self._client_trust is not None

    @property
    def trusted(self) -> bool:
        """A client that knows workspace trust is obeyed whatever the settings say."""
        return self._settings.trusted if self._client_trust is None else self._client_trust

    def change_settings(self, settings: Settings) -> Settings:
        """Put other settings in force; returns those that were."""
        old, self._settings = self._settings, settings
        return old

    def set_client_trust(self, trusted: bool) -> None:
        """The client trusts the workspace, or does not."""
        self._client_trust = trusted

    def settle(self) -> bool:
        """Settings are known, or will not come; whether that is news."""
        if self._settled.is_set():
            return False
        self._settled.set()
        return True

    async def wait_until_settled(self) -> None:
        """Nothing is explained before."""
        await self._settled.wait()
