"""Patience with the database: what could not be written is tried again, and that it was away is told once."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sentinel.clock import Clock
from sentinel.errors import StoreUnavailableError
from sentinel.resilience.pauses import growing_pauses

T = TypeVar("T")

_FIRST_RETRY_SECONDS = 0.05
_LONGEST_RETRY_SECONDS = 2.0


class Patience:
    """Tries the writes of one writer.

    `on_state(False)` and `on_state(True)` tell that the database went away and came back.
    """

    def __init__(
        self,
        clock: Clock,
        on_state: Callable[[bool], None] | None = None,
        *,
        rng: Callable[[], float] = random.random,  # noqa: S311 - spreads retries, protects no secret
    ) -> None:
        """Count the database as available until a write says otherwise. `rng` gives floats in [0, 1)."""
        self._rng = rng
        self._clock = clock
        self._on_state = on_state
        self._is_available = True

    async def write(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Give what `attempt` gives, however long the database is away; other errors pass through."""
        pauses = growing_pauses(
            first_seconds=_FIRST_RETRY_SECONDS, longest_seconds=_LONGEST_RETRY_SECONDS, rng=self._rng
        )
        while True:
            try:
                written = await attempt()
            except StoreUnavailableError:
                self._report(is_available=False)
            else:
                self._report(is_available=True)
                return written
            await self._clock.sleep(next(pauses))

    def _report(self, *, is_available: bool) -> None:
        if is_available != self._is_available:
            self._is_available = is_available
            if self._on_state is not None:
                self._on_state(is_available)
