"""Kill switches that outlive the process and hold in all processes of one database: asked in memory, kept in the store.

A switch that could not be stored holds here at once and is stored when the database is back.
"""

import asyncio
from datetime import datetime

from sentinel.chaos.kill_switches import KillSwitch, KillSwitches
from sentinel.clock import Clock
from sentinel.domain.stores import FaultStore, KillSwitchRecord
from sentinel.errors import StoreUnavailableError


class StoredSwitches:
    """The switches of this process and those in the store, kept the same."""

    def __init__(self, switches: KillSwitches, store: FaultStore, *, clock: Clock) -> None:
        """Begin with what is on here; `restore` brings what is stored."""
        self.switches = switches
        self._store = store
        self._clock = clock
        self._unstored: dict[str, KillSwitch] = {}
        self._writing = asyncio.Lock()  # one write after the other, so that the store ends with what was thrown last
        self._changes = 0

    async def restore(self) -> None:
        """Take over what is stored, and forget what is over; raises StoreUnavailableError."""
        for record in await self._store.kill_switches():
            if self._is_over(record):
                await self._store.remove_kill_switch(record.target)
            else:
                self.switches.adopt(_switch(record))

    async def set(
        self, target: str, active: bool, *, actor: str, ttl_seconds: float | None, reason: str | None
    ) -> KillSwitch:
        """Switch here at once, then in the store.

        Raises:
            UnknownTargetError, RequestError: see `KillSwitches.set`; nothing has changed.
            StoreUnavailableError: it holds here, and everywhere once the store is back.
        """
        switch = self.switches.set(target, active, actor=actor, ttl_seconds=ttl_seconds, reason=reason)
        self._changes += 1
        self._unstored[target] = switch
        await self._write(target)
        return switch

    async def refresh(self) -> None:
        """Store what could not be stored, and take over what others have stored; an absent database changes nothing."""
        try:
            while self._unstored:
                await self._write(next(iter(self._unstored)))
            before = self._changes
            records = await self._store.kill_switches()
        except StoreUnavailableError:
            return
        if self._changes == before and not self._unstored:  # else what was read may be older than what is here
            self._take_over({record.target: record for record in records if not self._is_over(record)})

    def _take_over(self, stored: dict[str, KillSwitchRecord]) -> None:
        here = {switch.target: switch for switch in self.switches.list()}
        for target in here.keys() - stored.keys():
            self.switches.drop(target)
        for target, record in stored.items():
            if here.get(target) != _switch(record):
                self.switches.adopt(_switch(record))

    async def _write(self, target: str) -> None:
        """Store how the switch stands when it is its turn, if nobody has done so by then."""
        async with self._writing:
            switch = self._unstored.get(target)
            if switch is None:
                return
            if switch.since is None:
                await self._store.remove_kill_switch(target)
            else:
                await self._store.save_kill_switch(_record(switch, switch.since))
            if self._unstored.get(target) is switch:
                del self._unstored[target]

    def _is_over(self, record: KillSwitchRecord) -> bool:
        return record.expires_at is not None and record.expires_at <= self._clock.now()


def _switch(record: KillSwitchRecord) -> KillSwitch:
    return KillSwitch(
        target=record.target,
        active=True,
        actor=record.actor,
        reason=record.reason,
        since=record.created_at,
        expires_at=record.expires_at,
    )


def _record(switch: KillSwitch, since: datetime) -> KillSwitchRecord:
    return KillSwitchRecord(
        target=switch.target,
        actor=switch.actor,
        created_at=since,
        reason=switch.reason,
        expires_at=switch.expires_at,
    )
