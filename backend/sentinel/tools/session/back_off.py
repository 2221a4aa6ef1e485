"""The wait between two attempts to open a session: a random part of a growing time, unless somebody is in a hurry."""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sentinel.clock import Clock
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.waiting import happened_within

KNOCK_SECONDS: Final = 1.0
_MAX_DOUBLINGS: Final = 16


class BackOff:
    """The waits of one supervisor."""

    def __init__(self, *, clock: Clock, rng: Callable[[], float], config: SupervisionConfig) -> None:
        """Begin with no failure. `rng` gives floats in [0, 1)."""
        self.due_at: datetime | None = None
        """When the next attempt is due; None unless it is waited for."""
        self._clock = clock
        self._rng = rng
        self._config = config
        self._failures = 0
        self._hurry = asyncio.Event()
        self._knocked_at = -math.inf

    def note(self, *, was_of_use: bool) -> None:
        """Take in the end of a session: the wait grows unless it was of use, and the next knock counts if it was."""
        self._failures = 0 if was_of_use else self._failures + 1
        if was_of_use:
            self._knocked_at = -math.inf

    def hurry(self) -> None:
        """End the wait now, or skip the next one."""
        self._hurry.set()

    def knock(self) -> None:
        """Do the same, but at most once a second, unless a session has been of use since."""
        now = self._clock.monotonic()
        if now - self._knocked_at >= KNOCK_SECONDS:
            self._knocked_at = now
            self.hurry()

    async def wait(self, *, is_refused: bool) -> None:
        """Wait until the next attempt; a server that refuses our credential is asked again only much later."""
        longest = self._config.backoff_base_seconds * 2.0 ** min(self._failures - 1, _MAX_DOUBLINGS)
        seconds = self._rng() * min(longest, self._config.backoff_max_seconds)
        if is_refused:
            seconds = self._config.recheck_seconds
        self.due_at = self._clock.now() + timedelta(seconds=seconds)
        await happened_within(self._hurry.wait(), seconds=seconds, clock=self._clock)
        self.due_at = None
        self._hurry.clear()
