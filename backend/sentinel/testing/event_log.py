"""The log of every run, in memory, for readers."""

from collections.abc import Collection, Mapping, Sequence

from sentinel.domain.events import Event
from sentinel.domain.stores import LogHead
from sentinel.testing.stores import MemoryData


class MemoryEventLog:
    """Implements EventLog."""

    def __init__(self, data: MemoryData) -> None:
        """Read from `data`."""
        self._data = data

    async def read(self, run_id: str, *, after: int, limit: int = 1000) -> Sequence[Event]:
        """Give committed events with seq > `after`, in order."""
        return [event for event in self._data.events.get(run_id, ()) if event.seq > after][:limit]

    async def heads(self, run_ids: Collection[str]) -> Mapping[str, LogHead]:
        """Give the committed end of each log; unknown runs are left out."""
        known = (self._data.runs[run_id] for run_id in run_ids if run_id in self._data.runs)
        return {run.run_id: LogHead(run.last_seq, ended=not run.status.is_active) for run in known}
