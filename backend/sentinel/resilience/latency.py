"""How long a target takes to its first token, learned from its recent calls: what a hedge waits for.

A window of samples per target, not a formula: first-token times are skewed, and a percentile of what happened is
easier to trust than a fitted one. A call that ran out of time before its first token counts with the time it took; so
does one that a hedge overtook, if that was slow for its target: else the slow ones would vanish, and the p95 with them.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.resilience.failure_table import rule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyConfig:
    """How much is remembered: `samples` per target, `targets` in all; fewer than `min_samples` tell nothing."""

    samples: int = 200
    min_samples: int = 20
    targets: int = 1024


@dataclass(slots=True)
class _Window:
    newest: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)

    def add(self, seconds: float, limit: int) -> None:
        self.newest.append(seconds)
        insort(self.ordered, seconds)
        if len(self.newest) > limit:
            del self.ordered[bisect_left(self.ordered, self.newest.popleft())]


class FirstTokenTimes:
    """First-token times by target; those that were not called for longest are forgotten first."""

    def __init__(self, config: LatencyConfig | None = None) -> None:
        """Start with nothing known."""
        self._config = config or LatencyConfig()
        self._windows: dict[Target, _Window] = {}

    def observe(self, attempt: Attempt) -> None:
        """Learn from a finished attempt; most that failed tell nothing."""
        seconds = self._overtaken_seconds(attempt) if rule_of(attempt).is_moot else _first_token_seconds(attempt)
        if seconds is None:
            return
        window = self._windows.pop(attempt.target, None) or _Window()
        self._windows[attempt.target] = window  # the newest last
        window.add(seconds, self._config.samples)
        if len(self._windows) > self._config.targets:
            del self._windows[next(iter(self._windows))]

    def percentile(self, target: Target, share: float) -> float | None:
        """Give the time within which this share of the calls had their first token, in seconds, if that is known."""
        window = self._windows.get(target)
        if window is None or len(window.ordered) < self._config.min_samples:
            return None
        return window.ordered[max(0, math.ceil(share * len(window.ordered)) - 1)]

    def p95(self, target: Target) -> float | None:
        """Give the time within which 95 of 100 calls had their first token, in seconds, if that is known."""
        return self.percentile(target, 0.95)

    def _overtaken_seconds(self, attempt: Attempt) -> float | None:
        """The first token would have come later still; above the p95, how much later does not matter."""
        usual, waited = self.p95(attempt.target), attempt.duration_ms / 1000
        return waited if usual is not None and waited >= usual else None


def _first_token_seconds(attempt: Attempt) -> float | None:
    if attempt.skipped:
        return None
    if attempt.outcome is Outcome.SUCCESS and attempt.ttft_ms is not None:
        return attempt.ttft_ms / 1000
    return attempt.duration_ms / 1000 if rule_of(attempt).is_slow else None
