"""A step that is taken again and again, also through an absence of the database: back-off, jitter, one line of log."""

from collections.abc import Awaitable, Callable

from sentinel.clock import Clock
from sentinel.errors import StoreError
from sentinel.resilience.pauses import growing_pauses
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import survived

logger = get_logger(__name__)


class KeepGoing:
    """Takes steps that need the database. What goes wrong is told once for all of them, and so is that it is over.

    A step has succeeded when it ends. One that only ends with an error says by `went_well` that it succeeds.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        rng: Callable[[], float],
        base_seconds: float = 0.1,
        most_seconds: float = 2.0,
    ) -> None:
        """Wait up to `base_seconds` after a failure, twice as long after each further one, up to `most_seconds`."""
        self._clock = clock
        self._rng = rng
        self._base = base_seconds
        self._most = most_seconds
        self._well_since = clock.monotonic()
        self._failing: set[str] = set()

    @property
    def well_seconds(self) -> float:
        """For how long every step has succeeded."""
        return 0.0 if self._failing else self._clock.monotonic() - self._well_since

    async def forever(self, name: str, step: Callable[[], Awaitable[None]], *, pause_seconds: float = 0.0) -> None:
        """Take the step until this task is cancelled, `pause_seconds` after each end."""
        while True:
            await self.once(name, step)
            await self._clock.sleep(pause_seconds * (0.9 + 0.2 * self._rng()))

    async def once(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take the step until it succeeds."""
        for pause in growing_pauses(first_seconds=self._base, longest_seconds=self._most, rng=self._rng):
            with survived(f"queue: {name}"):
                try:
                    await step()
                except StoreError as error:
                    self._failed(name, error)
                else:
                    self.went_well(name)
                    return
            await self._clock.sleep(pause)

    def went_well(self, name: str) -> None:
        """Note that a step succeeds."""
        if self._failing and self._failing <= {name}:
            self._well_since = self._clock.monotonic()
            logger.info("queue_back")
        self._failing.discard(name)

    def _failed(self, name: str, error: StoreError) -> None:
        if not self._failing:
            logger.warning("queue_away", detail=f"{error.message}; retrying")
        self._failing.add(name)
