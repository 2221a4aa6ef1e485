"""What an operator may do to the running system: kill switches and circuits, stored and written to the audit log."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sentinel.chaos.kill_switches import KillSwitch
from sentinel.chaos.stored_switches import StoredSwitches
from sentinel.clock import Clock
from sentinel.domain.stores import AuditEntry, AuditLog
from sentinel.errors import ChaosDisabledError, UnknownTargetError
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerSnapshot
from sentinel.resilience.cooldowns import CooldownBoard


class ActKind(StrEnum):
    """What an operator does that other processes have to follow."""

    TRIP = "trip"
    RESET = "reset"
    KILL_SWITCH = "kill_switch"


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """One such act; `seconds` is how long a circuit is to stay open."""

    kind: ActKind
    target: str
    actor: str
    reason: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class OperatorControls:
    """Every act is checked, carried out, stored and audited; `targets` are the names that a kill switch may have."""

    board: BreakerBoard
    cooldowns: CooldownBoard
    switches: StoredSwitches
    audit: AuditLog
    clock: Clock
    targets: Collection[str]
    enabled: bool
    observe: Callable[[AuditEntry], None]
    """Is told of every act when it is audited; must neither wait nor raise."""
    tell: Callable[["OperatorAct"], None] = lambda act: None
    """Tells other processes of an act, before it is stored and audited; must neither wait nor raise."""

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
        is_off = any(switch.target == target for switch in self.switches.switches.list())
        if not (target in self.targets or is_tool or is_off):
            known = ", ".join(sorted(self.targets))
            message = f"there is no target {target!r}; known targets: {known}, tool:SERVER/TOOL"
            raise UnknownTargetError(message)
        switch = await self.switches.set(target, active, actor=actor, ttl_seconds=ttl_seconds, reason=reason)
        self.tell(OperatorAct(ActKind.KILL_SWITCH, target, actor=actor, reason=reason))
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
        seconds = (snapshot.retry_at - self.clock.now()).total_seconds() if snapshot.retry_at else None
        self.tell(OperatorAct(ActKind.TRIP, key, actor=actor, reason=reason, seconds=seconds))
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
        self.tell(OperatorAct(ActKind.RESET, key, actor=actor, reason=reason))
        await self._audit("breaker_reset", key, actor=actor, reason=reason)
        return snapshot

    def view(self) -> dict[str, Any]:
        """Give what is armed, in the shape of `GET /api/chaos`."""
        return {
            "enabled": self.enabled,
            "halted": False,
            "kill_switches": [switch.to_dict() for switch in self.switches.switches.list()],
            "faults": [],
            "fault_kinds": [],
        }

    def _require_enabled(self) -> None:
        if not self.enabled:
            message = "chaos controls are off here; set SENTINEL_CHAOS=on to use them"
            raise ChaosDisabledError(message)

    async def _audit(
        self, action: str, target: str, *, actor: str, reason: str | None, ttl_seconds: float | None = None
    ) -> None:
        detail = {"reason": reason, "ttl_seconds": ttl_seconds}
        entry = AuditEntry(at=self.clock.now(), actor=actor, action=action, target=target, detail=detail)
        await self.audit.record(entry)
        self.observe(entry)
