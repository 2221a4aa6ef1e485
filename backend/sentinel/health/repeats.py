"""What happens again and again is one incident with a count, so that an outage does not write a row per request."""

import math
from collections.abc import Callable, Hashable
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.incidents import Incident
from sentinel.health.incidents import IncidentBoard


class Repeats:
    """Remembers what was told, by name, for as long as more of the same belongs to it."""

    def __init__(self, board: IncidentBoard, clock: Clock, *, max_names: int = 4096) -> None:
        """Start with nothing told; the oldest of more than `max_names` is forgotten."""
        self._board = board
        self._clock = clock
        self._max_names = max_names
        self._told: dict[Hashable, tuple[Incident, float]] = {}

    def tell(
        self,
        name: Hashable,
        make: Callable[[], Incident],
        *,
        within_seconds: float = math.inf,
        data: dict[str, Any] | None = None,
    ) -> Incident:
        """Make an incident, or count one more if `name` was told before and less than `within_seconds` ago.

        `data` is what the newest has to say, and counts only then.
        """
        told = self._told.get(name)
        now = self._clock.monotonic()
        if told is not None and now < told[1]:
            incident, until = self._board.again(told[0], data), told[1]
        else:
            self._told.pop(name, None)
            incident, until = make(), now + within_seconds
            self._make_room()
        self._told[name] = (incident, until)
        return incident

    def end(self, name: Hashable) -> Incident | None:
        """Let the next one be told anew; gives what was told last."""
        told = self._told.pop(name, None)
        return told[0] if told else None

    def _make_room(self) -> None:
        while len(self._told) >= self._max_names:
            del self._told[next(iter(self._told))]
