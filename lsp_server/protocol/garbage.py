"""Old garbage is looked for while nobody waits, not between messages that follow one another."""

import asyncio
import gc
from typing import Any

from pygls.protocol import LanguageServerProtocol

QUIET = 1.0  # seconds without a message
_YOUNG, _MIDDLE, _ = gc.get_threshold()
_LAST_RESORT = 1000  # instead of 10: for a client that is never quiet, some day


class QuietProtocol(LanguageServerProtocol):
    """Visits the oldest objects once its client has been quiet for a while.

    These are what is known of the documents, with thousands of tokens each: looking through them
    takes 60 ms, which Python would do in the midst of any message. What is younger is looked
    through as always. (Python 3.14 has no oldest generation, and collects in small steps.)
    """

    _timer: asyncio.TimerHandle | None = None

    def handle_message(self, message: Any) -> None:
        super().handle_message(message)
        if self._timer is None:
            gc.set_threshold(_YOUNG, _MIDDLE, _LAST_RESORT)
        else:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(QUIET, gc.collect)
