"""An incident: something about the system that an operator should know of, kept as one row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class IncidentType(StrEnum):
    """What happened."""

    OUTAGE = "outage"
    """Nobody is left of a provider or a route that may be asked."""
    RECOVERY = "recovery"
    """An outage is over, or a latch was released."""
    FAILOVER_TRIGGERED = "failover_triggered"
    """Somebody else answered than who was asked first."""
    BREAKER_OPENED = "breaker_opened"
    BREAKER_CLOSED = "breaker_closed"
    AUTH_ERROR = "auth_error"
    """A provider refuses a credential or a model; nothing is sent there until that is checked again."""
    TOOL_ISOLATED = "tool_isolated"
    """The circuit of a tool opened."""
    TOOL_RECOVERED = "tool_recovered"
    RUN_RECOVERED = "run_recovered"
    """A run that an earlier process left goes on."""
    CHAOS = "chaos"
    """An operator broke something on purpose, or mended it."""


class Severity(StrEnum):
    """How much it matters: nothing to do, worth a look, users get no answers."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_OF: Mapping[IncidentType, Severity] = MappingProxyType(
    {
        IncidentType.OUTAGE: Severity.CRITICAL,
        IncidentType.FAILOVER_TRIGGERED: Severity.WARNING,
        IncidentType.BREAKER_OPENED: Severity.WARNING,
        IncidentType.AUTH_ERROR: Severity.WARNING,
        IncidentType.TOOL_ISOLATED: Severity.WARNING,
        IncidentType.CHAOS: Severity.WARNING,
    }
)
"""The usual severity of each type; others are information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident, or several alike that followed each other: `count` of them from `at` to `last_at` (UTC).

    `key` is what it is about: `provider:NAME`, `model:NAME/MODEL`, `tool:SERVER/TOOL`, `route:NAME`, `run:ID`, or the
    target of a kill switch. `actor` and `reason` are the operator's, if it was one. `data` holds plain values.
    """

    incident_id: str
    type: IncidentType
    severity: Severity
    at: datetime
    last_at: datetime
    key: str
    title: str
    detail: str | None = None
    count: int = 1
    actor: str | None = None
    reason: str | None = None
    run_id: str | None = None
    request_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "incident_id": self.incident_id,
            "type": self.type.value,
            "severity": self.severity.value,
            "at": self.at.isoformat(),
            "last_at": self.last_at.isoformat(),
            "count": self.count,
            "key": self.key,
            "title": self.title,
            "detail": self.detail,
            "actor": self.actor,
            "reason": self.reason,
            "run_id": self.run_id,
            "request_id": self.request_id,
            "data": self.data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents are wanted, newest first.

    `since` compares with `at`; `cursor` is the id of the last one of the page before, since ids sort by time.
    """

    limit: int
    type: IncidentType | None = None
    since: datetime | None = None
    cursor: str | None = None

    def wants(self, incident: Incident) -> bool:
        """Tell whether an incident belongs to the answer."""
        return (
            (self.type is None or incident.type is self.type)
            and (self.since is None or incident.at >= self.since)
            and (self.cursor is None or incident.incident_id < self.cursor)
        )
