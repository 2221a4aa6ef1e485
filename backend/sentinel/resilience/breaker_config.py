"""The numbers of the circuit breaker's rule, validated once when the process is put together."""

import math
from dataclasses import dataclass, fields

from sentinel.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    """When a circuit opens, for how long, and what closes it again. All times are seconds.

    Raises:
        ConfigurationError: A value is out of its range; the message names the field.
    """

    failure_threshold: int = 5
    """Failures that open it: so many in the window at `failure_rate` (rule A), or in a row (rule B)."""
    failure_rate: float = 0.5
    """Rule A: failures among the counted calls of the window, 0 < rate ≤ 1."""
    window_seconds: float = 60.0
    """How far back rules A and C look, while calls are shorter than that."""
    max_window_seconds: float = 300.0
    """How far the window may widen itself to hold 99 % of the call durations; never less than `window_seconds`."""
    window_buckets: int = 12
    """Pieces in which the window moves on; it is exact to one of them."""
    streak_max_age_seconds: float = 600.0
    """Rule B: the oldest failure of the row may be this old."""
    slow_share: float = 0.8
    """Rule C: slow calls among the counted calls of the window, 0 < share ≤ 1."""
    slow_min_calls: int = 10
    """Rule C: calls that must have been counted."""
    recovery_seconds: float = 30.0
    """How long it stays open; doubles with each reopening."""
    max_open_seconds: float = 300.0
    """Where the doubling ends; never less than `recovery_seconds`."""
    open_jitter: float = 0.2
    """Up to this share is added to the open time at random, so that replicas do not probe together."""
    max_retry_after_seconds: float = 3600.0
    """The open time is never less than the target's Retry-After, up to this: a wrong header must not end a target."""
    half_open_max_seconds: float = 60.0
    """How long probing may last before the circuit opens again."""
    half_open_retry_seconds: float = 1.0
    """What a caller is told to wait while a probe is in flight."""
    successes_to_close: int = 2
    """Probes that must succeed."""
    stable_seconds: float = 300.0
    """Closed for this long, it starts again with the shortest open time."""

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check(field.name, getattr(self, field.name))

    @property
    def bucket_seconds(self) -> float:
        """The width of one piece of the window."""
        return self.window_seconds / self.window_buckets

    @property
    def max_buckets(self) -> int:
        """Pieces of the widest window."""
        return max(self.window_buckets, round(self.max_window_seconds / self.bucket_seconds))

    @property
    def longest_open_seconds(self) -> float:
        """The open time at which the doubling ends, before jitter."""
        return max(self.max_open_seconds, self.recovery_seconds)

    @property
    def longest_follow_seconds(self) -> float:
        """How long the word of other processes may keep a circuit open."""
        return max(self.longest_open_seconds * (1 + self.open_jitter), self.max_retry_after_seconds)

    def _check(self, name: str, value: float) -> None:
        if name in _COUNTS and (not isinstance(value, int) or value < 1):
            self._refuse(name, "a whole number from 1")
        if name in _SHARES and not 0 < value <= 1:
            self._refuse(name, "more than 0 and at most 1")
        if name.endswith("_seconds") and not 0 < value < math.inf:
            self._refuse(name, "a finite number of seconds above 0")
        if name == "open_jitter" and not 0 <= value <= 1:
            self._refuse(name, "between 0 and 1")

    def _refuse(self, name: str, allowed: str) -> None:
        message = f"breaker.{name} is {getattr(self, name)!r}; it must be {allowed}"
        raise ConfigurationError(message)


_COUNTS = frozenset({"failure_threshold", "window_buckets", "slow_min_calls", "successes_to_close"})
_SHARES = frozenset({"failure_rate", "slow_share"})
