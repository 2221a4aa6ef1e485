"""Kill switches: an operator's word that a target must not be called, until he takes it back or its time is over.

Asked before every attempt, so a lookup costs a few dictionary reads. Expiry needs nobody: a switch whose time
is over is simply no longer there, on the monotonic clock.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.routes import Target, Tier
from sentinel.errors import RequestError, UnknownTargetError
from sentinel.resilience.breaker_board import tool_key

_TIERS = frozenset({"primary", "fallback"})
_ALL = "all"
_FORMS = "PROVIDER, PROVIDER/MODEL, tier:primary, tier:fallback, tool:SERVER/TOOL or all"
_MAX_TTL_SECONDS = 365 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """A switch as it was set; times are UTC and absent when it is off, `expires_at` also when it stays on."""

    target: str
    active: bool
    actor: str
    reason: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "target": self.target,
            "active": self.active,
            "reason": self.reason,
            "actor": self.actor,
            "since": self.since.isoformat() if self.since else None,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }


class KillSwitches:
    """The switches that are on.

    A target is `PROVIDER`, `PROVIDER/MODEL`, `tier:primary` or `tier:fallback`, `tool:SERVER/TOOL` (or `tool:SERVER`
    for all its tools), or `all`.
    """

    def __init__(self, clock: Clock) -> None:
        """Start with everything allowed."""
        self._clock = clock
        self._switches: dict[str, tuple[KillSwitch, float]] = {}

    def set(
        self,
        target: str,
        active: bool,
        *,
        actor: str,
        ttl_seconds: float | None = None,
        reason: str | None = None,
    ) -> KillSwitch:
        """Switch a target off (`active`) or on again; without `ttl_seconds` it stays off until it is switched on.

        Raises:
            UnknownTargetError: Nothing can have such a name.
            RequestError: The time is not above zero, or more than a year.
        """
        _check_target(target)
        if not active:
            self._switches.pop(target, None)
            return KillSwitch(target=target, active=False, actor=actor, reason=reason)
        seconds = _checked_ttl(ttl_seconds)
        since = self._clock.now()
        expires_at = since + timedelta(seconds=seconds) if seconds < math.inf else None
        switch = KillSwitch(target=target, active=True, actor=actor, reason=reason, since=since, expires_at=expires_at)
        self._switches[target] = (switch, self._clock.monotonic() + seconds)
        return switch

    def adopt(self, switch: KillSwitch) -> None:
        """Take a switch over as it was thrown before, or elsewhere."""
        left = (switch.expires_at - self._clock.now()).total_seconds() if switch.expires_at else math.inf
        self._switches[switch.target] = (switch, self._clock.monotonic() + left)

    def drop(self, target: str) -> None:
        """Let calls to a target go again: its switch was taken back elsewhere."""
        self._switches.pop(target, None)

    def blocking(self, provider: str, model: str | None = None, tier: str | None = None) -> KillSwitch | None:
        """Return the switch that forbids a call to this model in this tier of its route, the widest first."""
        if not self._switches:
            return None
        return self._first_on(_ALL, f"tier:{tier}", provider, f"{provider}/{model}")

    def is_killed(self, target: Target, tier: Tier) -> bool:
        """Tell whether a switch forbids calls to `target` in this tier."""
        return self.blocking(target.provider, target.model, tier) is not None

    def blocking_tool(self, server: str, tool: str) -> KillSwitch | None:
        """Return the switch that forbids a call to this tool, the widest first."""
        if not self._switches:
            return None
        return self._first_on(_ALL, f"tool:{server}", tool_key(server, tool))

    def list(self) -> list[KillSwitch]:
        """Return the switches that are on, by target."""
        now = self._clock.monotonic()
        self._switches = {target: held for target, held in self._switches.items() if now < held[1]}
        return [self._switches[target][0] for target in sorted(self._switches)]

    def clear(self) -> None:
        """Allow everything again."""
        self._switches.clear()

    def _first_on(self, *targets: str) -> KillSwitch | None:
        now = self._clock.monotonic()
        for target in targets:
            held = self._switches.get(target)
            if held is not None and now < held[1]:
                return held[0]
        return None


def _checked_ttl(ttl_seconds: float | None) -> float:
    if ttl_seconds is None:
        return math.inf
    if not 0 < ttl_seconds <= _MAX_TTL_SECONDS:
        message = f"ttl_seconds is {ttl_seconds!r}; it must be above 0 and at most a year"
        raise RequestError(message)
    return ttl_seconds


def _check_target(target: str) -> None:
    kind, colon, name = target.partition(":")
    if kind == "tier" and colon:
        is_known = name in _TIERS
    elif kind == "tool" and colon:
        is_known = all(name.split("/", 1))
    else:
        is_known = all(target.split("/", 1))
    if not is_known:
        message = f"{target!r} is no target; use {_FORMS}"
        raise UnknownTargetError(message)
