"""Runs in which the planner asks a target again."""

import asyncio
from collections.abc import Callable

from sentinel.errors import ProviderEmptyError
from sentinel.testing.providers import Behaviour
from tests.unit.graph.asked_again import DOWN, HELLO, provider, retrying, until_waiting
from tests.unit.graph.conftest import Rig

EMPTY = Behaviour(error=ProviderEmptyError("nothing", cause="empty_answer"))


async def test_a_target_that_is_alone_is_asked_again_after_a_pause(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, drawn=0.5, one=provider("one", DOWN, HELLO))
    setup.kill_switches.set("two", True, actor="test")
    run = await until_waiting(setup)
    assert len(setup.one.calls) == 1
    await setup.clock.elapse(0.24)
    assert len(setup.one.calls) == 1
    await setup.clock.elapse(0.02)
    emitted = await run
    assert emitted.text == "Hello"
    assert emitted.phases == ["attempt_started", "attempt_failed", "failover", "retrying", "attempt_started"]
    assert emitted.status("retrying") == {
        "attempt": 1,
        "provider": "one",
        "model": "large",
        "cause": "connection_refused",
        "class": "failure",
        "delay_ms": 250.0,
    }
    assert emitted.status("failover")["provider"] == "two"
    assert emitted.status("failover")["next"] == "one/large"


async def test_an_empty_answer_is_asked_for_again_at_once_before_anybody_else(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", EMPTY, HELLO))
    emitted = await setup.run()
    assert emitted.text == "Hello"
    assert setup.two.calls == []
    assert emitted.phases == ["attempt_started", "attempt_failed", "retrying", "attempt_started"]
    assert emitted.status("retrying")["delay_ms"] == 0


async def test_when_the_fallback_fails_too_the_primary_gets_the_last_attempt(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", DOWN, HELLO), two=provider("two", DOWN))
    emitted = await setup.run()
    assert emitted.text == "Hello"
    assert [str(attempt.target) for attempt in emitted.ending.attempts] == ["one/large", "two/small", "one/large"]
    failovers = [item.data["next"] for item in emitted.items if getattr(item, "phase", None) == "failover"]
    assert failovers == ["two/small", "one/large"]
    assert emitted.status("retrying")["provider"] == "one"


async def test_a_target_that_is_switched_off_during_the_pause_is_not_called(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, drawn=0.5, one=provider("one", DOWN, HELLO))
    setup.kill_switches.set("two", True, actor="test")
    run = await until_waiting(setup)
    setup.kill_switches.set("all", True, actor="test")
    await setup.clock.elapse(1.0)
    emitted = await run
    assert len(setup.one.calls) == 1
    assert [(a.cause, a.skipped) for a in emitted.ending.attempts] == [
        ("connection_refused", False),
        ("kill_switch", True),
        ("kill_switch", True),
    ]
    assert emitted.ending.error is not None
    assert emitted.ending.error["code"] == "all_providers_failed"


async def test_a_cancelled_run_does_not_finish_its_pause(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, drawn=0.5, one=provider("one", DOWN, HELLO))
    setup.kill_switches.set("two", True, actor="test")
    run = await until_waiting(setup)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert run.cancelled()
    assert setup.clock.sleepers == 0
    assert len(setup.one.calls) == 1


async def test_no_pause_is_begun_that_would_outlast_the_deadline(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, drawn=0.9, one=provider("one", DOWN, HELLO), deadline_seconds=1.2)
    setup.kill_switches.set("two", True, actor="test")
    emitted = await setup.run()
    assert "retrying" not in emitted.phases
    assert emitted.ending.error is not None
