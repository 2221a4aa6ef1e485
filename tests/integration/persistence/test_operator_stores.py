"""What operators did: kill switches that outlive the process, and the audit log."""

from sqlalchemy import select

from sentinel.domain.stores import AuditEntry, KillSwitchRecord
from sentinel.persistence.engine import Engine
from sentinel.persistence.tables import audit_log
from tests.support.run_builders import at
from tests.support.stores import Stores


async def test_a_kill_switch_is_stored_replaced_and_removed(stores: Stores) -> None:
    first = KillSwitchRecord(target="openai", actor="ann", created_at=at(2), reason="test", expires_at=at(60))
    older = KillSwitchRecord(target="tier:primary", actor="bob", created_at=at(1))
    await stores.faults.save_kill_switch(first)
    await stores.faults.save_kill_switch(older)
    assert list(await stores.faults.kill_switches()) == [older, first]

    again = KillSwitchRecord(target="openai", actor="bob", created_at=at(3))
    await stores.faults.save_kill_switch(again)
    assert list(await stores.faults.kill_switches()) == [older, again]

    await stores.faults.remove_kill_switch("openai")
    await stores.faults.remove_kill_switch("openai")
    assert list(await stores.faults.kill_switches()) == [older]


async def test_acts_are_recorded_in_their_order(sql_stores: Stores, engine: Engine) -> None:
    acts = [
        AuditEntry(at=at(1), actor="ann", action="trip", target="provider:openai", detail={"reason": "drill"}),
        AuditEntry(at=at(1), actor="ann", action="reset", target="provider:openai"),
    ]
    for act in acts:
        await sql_stores.audit.record(act)
    rows = await engine.read(lambda open_: open_.execute(select(audit_log).order_by(audit_log.c.entry_id)).all())
    assert [AuditEntry(at=row.at, actor=row.actor, action=row.action, target=row.target, detail=row.detail)
            for row in rows] == acts  # fmt: skip
