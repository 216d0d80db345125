"""Garbage is looked for while nobody waits, never during a keystroke."""

import asyncio
import gc
from typing import Any

from pygls.protocol import LanguageServerProtocol

QUIET = 1.0  # seconds without a message
_YOUNG, _MIDDLE, _ = gc.get_threshold()
_LAST_RESORT = 1000  # for a client that is never quiet: after millions of new objects


class QuietProtocol(LanguageServerProtocol):
    """Visits the oldest objects once its client has been quiet for a while.

    These are what is known of the documents, with thousands of tokens each: looking through them
    takes 60 ms, which Python would do in the midst of any message. What is younger is looked
    through as always.
    """

    _timer: asyncio.TimerHandle | None = None

    def handle_message(self, message: Any) -> None:
        super().handle_message(message)
        if self._timer is None:
            gc.set_threshold(_YOUNG, _MIDDLE, _LAST_RESORT)
        else:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET, gc.collect)
