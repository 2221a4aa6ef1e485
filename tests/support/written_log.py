"""A log in memory that tests write to, for followers that read it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from sentinel.domain.events import Event, EventType
from sentinel.domain.stores import LogHead
from sentinel.errors import StoreUnavailableError
from tests.support.run_builders import at


class WrittenLog:
    """A log that counts its readers, can be away, and can hold a reader up."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = {}
        self.reads = 0
        self.looks = 0
        self.is_away = False
        self.gate: asyncio.Event | None = None

    def write(self, *types: EventType, run_id: str = "run") -> list[Event]:
        """Commit events of these types."""
        log = self.events.setdefault(run_id, [])
        for type_ in types:
            log.append(Event(run_id, len(log) + 1, at(len(log)), type_, {"text": str(len(log) + 1)}))
        return log[len(log) - len(types) :]

    async def read(self, run_id: str, *, after: int, limit: int = 1000) -> Sequence[Event]:
        """Give what is committed when the read begins; the answer may take its time."""
        self.reads += 1
        found = [event for event in self.events.get(run_id, []) if event.seq > after][:limit]
        await self._wait()
        return found

    async def heads(self, run_ids: Collection[str]) -> Mapping[str, LogHead]:
        """Give the ends of logs."""
        self.looks += 1
        await self._wait()
        known = [run_id for run_id in run_ids if run_id in self.events]
        return {run_id: LogHead(len(log := self.events[run_id]), log[-1].type.is_terminal) for run_id in known}

    async def _wait(self) -> None:
        if self.is_away:
            message = "away"
            raise StoreUnavailableError(message)
        if self.gate is not None:
            await self.gate.wait()
