"""What operators do is told to the log as well, and first: it is there even if the database is not."""

from dataclasses import dataclass

from sentinel.domain.stores import AuditEntry, AuditLog
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedAudit:
    """Implements AuditLog over another one."""

    audit: AuditLog

    async def record(self, entry: AuditEntry) -> None:
        """Write the act to the log, then store it."""
        given = {name: value for name, value in entry.detail.items() if value is not None}
        logger.warning("operator_acted", action=entry.action, target=entry.target, actor=entry.actor, **given)
        await self.audit.record(entry)
