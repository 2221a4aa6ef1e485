"""Pauses of whoever tries the same thing until it succeeds. Retries of calls have theirs from the planner."""

from collections.abc import Callable, Iterator

_MOST_DOUBLINGS = 30


def growing_pauses(*, first_seconds: float, longest_seconds: float, rng: Callable[[], float]) -> Iterator[float]:
    """Give ever longer pauses, each twice the one before up to the longest, in seconds; `rng` gives floats in [0, 1).

    Half of each is certain, half is chance: what comes back shall not meet everybody at once.
    """
    doublings = 0
    while True:
        yield min(longest_seconds, first_seconds * 2.0**doublings) * (0.5 + 0.5 * rng())
        doublings = min(doublings + 1, _MOST_DOUBLINGS)
