"""A tool that asked for a pause, or that we may not use, is left alone for a while, without a strike at its circuit."""

from typing import Final

from sentinel.clock import Clock
from sentinel.tools.outcome import Cause

_MAX_SECONDS: Final = 120.0
_GUESS_SECONDS: Final = 1.0
_MAX_GUESS_SECONDS: Final = 8.0
_MAX_DOUBLINGS: Final = 10


class Cooling:
    """The pause of one tool."""

    def __init__(self, clock: Clock, *, recheck_seconds: float) -> None:
        """Start without a pause; a tool that we may not use is tried again after `recheck_seconds`."""
        self._clock = clock
        self._recheck_seconds = recheck_seconds
        self._until = -1.0
        self._streak = 0
        self.cause: Cause | None = None

    def remaining(self) -> float:
        """Return for how many more seconds nothing is sent; 0 if something may be."""
        return max(0.0, self._until - self._clock.monotonic())

    def throttle(self, retry_after_seconds: float | None) -> None:
        """Begin or prolong a pause; one without a time is guessed, longer each time."""
        seconds = retry_after_seconds
        if seconds is None:
            seconds = min(_GUESS_SECONDS * 2.0 ** min(self._streak, _MAX_DOUBLINGS), _MAX_GUESS_SECONDS)
        if self.remaining() == 0:
            self._streak += 1  # calls that were in flight together do not make a streak
        self._hold(Cause.COOLDOWN, min(seconds, _MAX_SECONDS))

    def forbid(self) -> None:
        """Begin the pause of a tool that we may not use."""
        self._hold(Cause.FORBIDDEN, self._recheck_seconds)

    def end(self) -> None:
        """Forget the pause: the tool has answered, or an operator says so."""
        self._until, self._streak, self.cause = -1.0, 0, None

    def _hold(self, cause: Cause, seconds: float) -> None:
        self._until = max(self._until, self._clock.monotonic() + seconds)
        self.cause = cause
