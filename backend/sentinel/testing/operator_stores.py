"""What operators did, in memory: the audit log and the kill switches."""

from collections.abc import Sequence

from sentinel.domain.stores import AuditEntry, KillSwitchRecord
from sentinel.testing.stores import MemoryData


class MemoryAuditLog:
    """Implements AuditLog."""

    def __init__(self, data: MemoryData) -> None:
        """Append to `data`."""
        self._data = data

    async def record(self, entry: AuditEntry) -> None:
        """Store the act."""
        self._data.audit.append(entry)


class MemoryFaultStore:
    """Implements FaultStore."""

    def __init__(self, data: MemoryData) -> None:
        """Keep switches in `data`."""
        self._data = data

    async def save_kill_switch(self, record: KillSwitchRecord) -> None:
        """Store the switch as thrown."""
        self._data.kill_switches[record.target] = record

    async def remove_kill_switch(self, target: str) -> None:
        """Forget the switch."""
        self._data.kill_switches.pop(target, None)

    async def kill_switches(self) -> Sequence[KillSwitchRecord]:
        """Give all stored switches, oldest first."""
        return sorted(self._data.kill_switches.values(), key=lambda record: (record.created_at, record.target))
