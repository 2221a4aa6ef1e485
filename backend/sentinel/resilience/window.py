"""A rolling count of outcomes in time buckets, and how wide it has to be.

The circuit breaker judges the last 60 seconds: 12 buckets of 5 seconds. A window shorter than the calls it counts
gives wrong ratios, since an outcome is counted when its call ends; so the window follows the 99th percentile of
the call durations, up to 300 seconds.
"""

import math
from collections import deque

_SLOT, _FAILURES, _SUCCESSES, _SLOW, _RUNNING = range(5)


class RollingWindow:
    """Failures, successes and slow calls of the last `buckets` times `bucket_seconds` seconds.

    The counts are plain attributes; call `advance` before reading them, so that what is too old has left.
    The running bucket counts as one, so an outcome leaves between `buckets - 1` and `buckets` widths after it came.
    """

    __slots__ = ("_current", "_past", "_width", "buckets", "failures", "running_slow", "slow", "successes")

    def __init__(self, *, bucket_seconds: float = 5.0, buckets: int = 12) -> None:
        """Start empty."""
        self._width = bucket_seconds
        self.buckets = buckets
        self.clear()

    def clear(self) -> None:
        """Forget every outcome; the width stays."""
        self.failures = self.successes = self.slow = self.running_slow = 0
        self._past: deque[list[int]] = deque()
        self._current = [-1, 0, 0, 0, 0]

    @property
    def seconds(self) -> float:
        """How far back the window reaches."""
        return self._width * self.buckets

    @property
    def timed(self) -> int:
        """Calls of which it is known whether they were slow: all that ended, and the running ones marked slow."""
        return self.failures + self.successes + self.running_slow

    @property
    def failure_rate(self) -> float:
        """Failures among the calls that ended, 0 if none did."""
        ended = self.failures + self.successes
        return self.failures / ended if ended else 0.0

    def advance(self, now: float) -> list[int]:
        """Drop what is too old at this monotonic instant and return the bucket to count in."""
        slot = int(now // self._width)
        if slot != self._current[_SLOT]:
            self._turn(slot)
        return self._current

    def add_success(self, now: float, *, slow: bool = False) -> None:
        """Count a call that succeeded; if it was marked while it ran, take that back first."""
        bucket = self.advance(now)
        bucket[_SUCCESSES] += 1
        self.successes += 1
        if slow:
            bucket[_SLOW] += 1
            self.slow += 1

    def add_failure(self, now: float, *, slow: bool = False) -> None:
        """Count a call that failed; if it was marked while it ran, take that back first."""
        bucket = self.advance(now)
        bucket[_FAILURES] += 1
        self.failures += 1
        if slow:
            bucket[_SLOW] += 1
            self.slow += 1

    def mark_slow(self, now: float) -> int:
        """Count a call that still runs as slow; returns the slot of the mark, to take it back when the call ends."""
        bucket = self.advance(now)
        bucket[_SLOW] += 1
        bucket[_RUNNING] += 1
        self.slow += 1
        self.running_slow += 1
        return bucket[_SLOT]

    def take_back_slow(self, slot: int, now: float) -> None:
        """Uncount the mark of a call that has ended, unless it is too old to be counted still."""
        current = self.advance(now)
        for bucket in (current, *self._past):
            if bucket[_SLOT] == slot:
                bucket[_SLOW] -= 1
                bucket[_RUNNING] -= 1
                self.slow -= 1
                self.running_slow -= 1
                return

    def resize(self, buckets: int, now: float) -> None:
        """Reach further back from now on, or less far at once."""
        self.buckets = buckets
        self._drop_before(int(now // self._width) - buckets + 1)

    def _turn(self, slot: int) -> None:
        if self._current[_SLOT] >= 0:
            self._past.append(self._current)
        self._current = [slot, 0, 0, 0, 0]
        self._drop_before(slot - self.buckets + 1)

    def _drop_before(self, oldest: int) -> None:
        while self._past and self._past[0][_SLOT] < oldest:
            _, failures, successes, slow, running = self._past.popleft()
            self.failures -= failures
            self.successes -= successes
            self.slow -= slow
            self.running_slow -= running


class CallDurations:
    """How many buckets the window needs so that 99 % of the recent calls fit into it.

    Only calls longer than the smallest window are told apart; the others are a mere count, which keeps the
    common case cheap. Old calls fade: all counts are halved whenever a thousand have been seen.
    """

    __slots__ = ("_long", "_most", "_samples", "_shortest", "_width", "buckets")

    _FADE_AT = 1000
    _CHECK_EVERY = 64

    def __init__(self, *, bucket_seconds: float, buckets: int, max_buckets: int) -> None:
        """Need between `buckets` and `max_buckets` buckets of this width."""
        self._width = bucket_seconds
        self._shortest = bucket_seconds * buckets
        self._most = max_buckets
        self._samples = 0
        self._long: dict[int, int] = {}
        self.buckets = buckets

    def observe(self, seconds: float) -> bool:
        """Note how long a call took; true if `buckets` has changed."""
        self._samples += 1
        if seconds <= self._shortest and self._samples % self._CHECK_EVERY:
            return False
        if seconds > self._shortest:
            needed = min(self._most, math.ceil(seconds / self._width))
            self._long[needed] = self._long.get(needed, 0) + 1
        return self._reconsider()

    def _reconsider(self) -> bool:
        if self._samples >= self._FADE_AT:
            self._samples //= 2
            self._long = {needed: number // 2 for needed, number in self._long.items() if number > 1}
        before, self.buckets = self.buckets, self._percentile()
        return self.buckets != before

    def _percentile(self) -> int:
        above, allowed = 0, self._samples // 100
        for needed in sorted(self._long, reverse=True):
            above += self._long[needed]
            if above > allowed:
                return needed
        return round(self._shortest / self._width)
