"""Telling other processes of committed events: what is asked of it, and the twin for one process.

The log stays the truth. What is told here only wakes readers, or saves them from reading it; so a message may be lost,
doubled or late. `redis_fan_out` carries the same between machines.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from sentinel.domain.events import Event

Heard = Callable[[Sequence[Event]], None]
"""Takes committed events of one run; none of them means: look into the log, something may have been missed."""


class FanOut(Protocol):
    """Carries committed events to the processes that follow their runs. Nothing here waits or raises."""

    def announce(self, events: Sequence[Event]) -> None:
        """Tell the others; events of several runs may be mixed."""
        ...

    def listen(self, run_id: str, heard: Heard) -> None:
        """Hear of a run what other processes commit."""
        ...

    def leave(self, run_id: str) -> None:
        """Hear of it no more."""
        ...


class MemoryFanOut:
    """Joins several sets of followers in one process; alone, as by default, it has nobody to tell."""

    def __init__(self, neighbours: "list[MemoryFanOut] | None" = None) -> None:
        """Join those who were given the same list."""
        self._neighbours = neighbours if neighbours is not None else []
        self._neighbours.append(self)
        self._heard: dict[str, Heard] = {}

    def announce(self, events: Sequence[Event]) -> None:
        """Tell the neighbours at once."""
        if len(self._neighbours) > 1:
            for run_id, of_run in by_run(events).items():
                for other in self._neighbours:
                    if other is not self and run_id in other._heard:
                        other._heard[run_id](of_run)

    def listen(self, run_id: str, heard: Heard) -> None:
        """Hear of a run what neighbours commit."""
        self._heard[run_id] = heard
        if len(self._neighbours) > 1:
            heard([])

    def leave(self, run_id: str) -> None:
        """Hear of it no more."""
        self._heard.pop(run_id, None)


def by_run(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Sort events by their runs; those of one run keep their order."""
    sorted_: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        sorted_[event.run_id].append(event)
    return sorted_
