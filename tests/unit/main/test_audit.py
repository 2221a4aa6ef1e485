"""What operators do is in the log as well as in the audit log."""

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from sentinel.domain.stores import AuditEntry
from sentinel.errors import StoreUnavailableError
from sentinel.main.audit import LoggedAudit
from sentinel.testing.operator_stores import MemoryAuditLog
from sentinel.testing.stores import MemoryData

ENTRY = AuditEntry(
    at=datetime(2026, 1, 1, tzinfo=UTC),
    actor="operator",
    action="kill_switch_on",
    target="openai",
    detail={"reason": "drill", "ttl_seconds": None},
)


class AwayAuditLog:
    """A database that is away."""

    async def record(self, entry: AuditEntry) -> None:
        """Never stores anything."""
        message = f"no place for {entry.action}"
        raise StoreUnavailableError(message)


async def test_an_act_is_logged_and_stored() -> None:
    data = MemoryData()
    with capture_logs() as lines:
        await LoggedAudit(MemoryAuditLog(data)).record(ENTRY)
    told = {"event": "operator_acted", "action": "kill_switch_on", "target": "openai", "actor": "operator"}
    assert lines == [told | {"reason": "drill", "log_level": "warning"}]
    assert data.audit == [ENTRY]


async def test_an_act_that_cannot_be_stored_is_logged_nevertheless() -> None:
    with capture_logs() as lines, pytest.raises(StoreUnavailableError):
        await LoggedAudit(AwayAuditLog()).record(ENTRY)
    assert [line["event"] for line in lines] == ["operator_acted"]
