"""Times that tests hold promises against, on a machine that has other things to do.

The best of some rounds is what the mechanism takes; a mechanism that is broken is slow in every round.
"""

import time
from collections.abc import Callable
from statistics import median

ROUNDS = 3


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def stopping(self, laps: list[float]) -> Callable[[object], None]:
        """Give a callback that notes when it was called."""
        return lambda _: laps.append(self.seconds)


def best_median(rounds: list[list[float]]) -> float:
    """The median of the best round."""
    return min(median(laps) for laps in rounds)
