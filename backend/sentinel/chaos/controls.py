"""What an operator may do to the running system: kill switches and circuits, stored and written to the audit log."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sentinel.chaos.kill_switches import KillSwitch, KillSwitches
from sentinel.clock import Clock
from sentinel.domain.stores import AuditEntry, AuditLog, FaultStore, KillSwitchRecord
from sentinel.errors import ChaosDisabledError, UnknownTargetError
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerSnapshot
from sentinel.resilience.cooldowns import CooldownBoard


@dataclass(frozen=True, kw_only=True)
class OperatorControls:
    """Every act is checked, carried out, stored and audited; `targets` are the names that a kill switch may have."""

    board: BreakerBoard
    cooldowns: CooldownBoard
    kill_switches: KillSwitches
    faults: FaultStore
    audit: AuditLog
    clock: Clock
    targets: Collection[str]
    enabled: bool
    observe: Callable[[AuditEntry], None]
    """Is told of every act when it is audited; must neither wait nor raise."""

    async def restore(self) -> None:
        """Take over the kill switches that were on when the process last stopped, but for those whose time is over."""
        now = self.clock.now()
        for record in await self.faults.kill_switches():
            left = (record.expires_at - now).total_seconds() if record.expires_at else None
            if left is not None and left <= 0:
                await self.faults.remove_kill_switch(record.target)
                continue
            self.kill_switches.set(record.target, True, actor=record.actor, ttl_seconds=left, reason=record.reason)

    async def set_kill_switch(
        self, target: str, active: bool, *, actor: str, ttl_seconds: float | None = None, reason: str | None = None
    ) -> KillSwitch:
        """Switch a target off or on again.

        Raises:
            ChaosDisabledError: chaos controls are off here.
            UnknownTargetError: nothing has that name.
            RequestError: the time is not above zero.
        """
        self._require_enabled()
        is_tool = target.startswith("tool:") and target.partition("/")[0] in self.targets
        # What was switched off under an older configuration can still be switched on.
        is_off = any(switch.target == target for switch in self.kill_switches.list())
        if not (target in self.targets or is_tool or is_off):
            known = ", ".join(sorted(self.targets))
            message = f"there is no target {target!r}; known targets: {known}, tool:SERVER/TOOL"
            raise UnknownTargetError(message)
        switch = self.kill_switches.set(target, active, actor=actor, ttl_seconds=ttl_seconds, reason=reason)
        await self._store(switch)
        await self._audit(
            "kill_switch_on" if active else "kill_switch_off",
            target,
            actor=actor,
            reason=reason,
            ttl_seconds=ttl_seconds,
        )
        return switch

    async def trip(
        self, key: str, *, actor: str, reason: str | None = None, ttl_seconds: float | None = None
    ) -> BreakerSnapshot:
        """Open a circuit by hand; raises ChaosDisabledError, UnknownBreakerError, RequestError."""
        self._require_enabled()
        snapshot = self.board.trip(key, actor=actor, reason=reason, ttl_seconds=ttl_seconds)
        await self._audit("breaker_trip", key, actor=actor, reason=reason, ttl_seconds=ttl_seconds)
        return snapshot

    async def reset(self, key: str, *, actor: str, reason: str | None = None) -> BreakerSnapshot:
        """Close a circuit by hand and end the cool-downs and latches of its target; also where chaos is off.

        Raises:
            UnknownBreakerError: no circuit has that key.
        """
        snapshot = self.board.reset(key, actor=actor, reason=reason)
        kind, _, target = key.partition(":")
        if kind != "tool":
            self.cooldowns.release(target, actor=actor, reason=reason)
        await self._audit("breaker_reset", key, actor=actor, reason=reason)
        return snapshot

    def view(self) -> dict[str, Any]:
        """Give what is armed, in the shape of `GET /api/chaos`."""
        return {
            "enabled": self.enabled,
            "halted": False,
            "kill_switches": [switch.to_dict() for switch in self.kill_switches.list()],
            "faults": [],
            "fault_kinds": [],
        }

    def _require_enabled(self) -> None:
        if not self.enabled:
            message = "chaos controls are off here; set SENTINEL_CHAOS=on to use them"
            raise ChaosDisabledError(message)

    async def _store(self, switch: KillSwitch) -> None:
        if switch.since is None:
            await self.faults.remove_kill_switch(switch.target)
            return
        record = KillSwitchRecord(
            target=switch.target,
            actor=switch.actor,
            created_at=switch.since,
            reason=switch.reason,
            expires_at=switch.expires_at,
        )
        await self.faults.save_kill_switch(record)

    async def _audit(
        self, action: str, target: str, *, actor: str, reason: str | None, ttl_seconds: float | None = None
    ) -> None:
        detail = {"reason": reason, "ttl_seconds": ttl_seconds}
        entry = AuditEntry(at=self.clock.now(), actor=actor, action=action, target=target, detail=detail)
        await self.audit.record(entry)
        self.observe(entry)
