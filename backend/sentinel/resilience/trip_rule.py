"""What a closed circuit knows about its target, and the rule that opens it. The state machine is next door.

Rate and count together (A) ignore noise and find brown-outs; a streak (B) finds the death of a target that is
rarely called; the share of slow calls (C) finds the target that answers, but too late to be of use.
"""

import math
from collections import deque

from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import TransitionRule
from sentinel.resilience.window import CallDurations, RollingWindow


class Evidence:
    """The counted outcomes of one circuit."""

    __slots__ = ("_config", "_durations", "_not_before", "_streak", "consecutive_failures", "window")

    def __init__(self, config: BreakerConfig) -> None:
        """Start with nothing known."""
        self._config = config
        self._durations = CallDurations(
            bucket_seconds=config.bucket_seconds, buckets=config.window_buckets, max_buckets=config.max_buckets
        )
        self.window = RollingWindow(bucket_seconds=config.bucket_seconds, buckets=config.window_buckets)
        self._streak: deque[float] = deque(maxlen=config.failure_threshold)
        self.consecutive_failures = 0
        self._not_before = -math.inf

    @property
    def not_before(self) -> float:
        """The monotonic instant before which the target has asked not to be called again."""
        return self._not_before

    @property
    def is_clean(self) -> bool:
        """Whether nothing speaks against the target."""
        return not (self.window.failures or self.window.slow or self.consecutive_failures)

    def clear(self) -> None:
        """Forget the outcomes; how long calls take is a fact about the target and stays."""
        self.window.clear()
        self._end_streak()

    def add_success(self, now: float, *, slow: bool, marked_slot: int | None, duration: float) -> None:
        """Count a call that ended well at this monotonic instant after `duration` seconds."""
        if marked_slot is not None:
            self.window.take_back_slow(marked_slot, now)
        self.window.add_success(now, slow=slow or marked_slot is not None)
        if self.consecutive_failures:
            self._end_streak()
        if self._durations.observe(duration):
            self.window.resize(self._durations.buckets, now)

    def add_failure(self, now: float, *, slow: bool, marked_slot: int | None, duration: float) -> None:
        """Count a call that failed at this monotonic instant after `duration` seconds."""
        if marked_slot is not None:
            self.window.take_back_slow(marked_slot, now)
        self.window.add_failure(now, slow=slow or marked_slot is not None)
        self._streak.append(now)
        self.consecutive_failures += 1
        if self._durations.observe(duration):
            self.window.resize(self._durations.buckets, now)

    def hold_off(self, until: float) -> None:
        """Note that the target has asked not to be called before this monotonic instant."""
        self._not_before = max(self._not_before, until)

    def verdict(self, now: float) -> TransitionRule | None:
        """Return the first rule that holds; call it after a change at the same instant."""
        config, window = self._config, self.window
        if window.failures >= config.failure_threshold and window.failure_rate >= config.failure_rate:
            return TransitionRule.FAILURE_RATE
        if (
            self.consecutive_failures >= config.failure_threshold
            and self._streak_age(now) <= config.streak_max_age_seconds
        ):
            return TransitionRule.FAILURE_STREAK
        if window.slow and window.timed >= config.slow_min_calls and window.slow / window.timed >= config.slow_share:
            return TransitionRule.SLOW_CALLS
        return None

    def _streak_age(self, now: float) -> float:
        return now - self._streak[0]

    def _end_streak(self) -> None:
        self._streak.clear()
        self.consecutive_failures = 0
        self._not_before = -math.inf
