"""Runs that find all circuits open."""

from collections.abc import Callable

from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.planner import Panic, RecoveryPlanner
from sentinel.testing.providers import ScriptedProvider
from tests.unit.graph.asked_again import DOWN, HELLO, provider
from tests.unit.graph.conftest import Rig


def panicking(rig: Callable[..., Rig], panic: Panic, **providers: ScriptedProvider) -> Rig:
    """A rig whose circuits have all opened by themselves."""
    setup = rig(planner=RecoveryPlanner(panic=panic, same_target=0), **providers)
    for key in ("provider:one", "provider:two"):
        for _ in range(5):
            setup.board.acquire([key]).failure("server_error")
    return setup


async def test_by_default_nobody_is_called_and_the_error_says_when_to_come_back(rig: Callable[..., Rig]) -> None:
    setup = panicking(rig, Panic.FAIL)
    error = (await setup.run()).ending.error
    assert error is not None
    assert (error["code"], setup.one.calls, setup.two.calls) == ("all_providers_failed", [], [])
    assert 30 <= error["retry_after_seconds"] <= 36


async def test_in_a_panic_the_primary_answers_through_its_open_circuit(rig: Callable[..., Rig]) -> None:
    setup = panicking(rig, Panic.PROBE, one=provider("one", HELLO))
    emitted = await setup.run()
    assert emitted.text == "Hello"
    called = [attempt for attempt in emitted.ending.attempts if not attempt.skipped]
    assert [(str(attempt.target), attempt.breaker_state) for attempt in called] == [("one/large", "open")]
    assert emitted.status("breaker_half_open")["key"] == "provider:one"
    assert setup.board.get("provider:one").state is BreakerState.HALF_OPEN
    assert setup.board.get("provider:two").state is BreakerState.OPEN


async def test_when_that_fails_the_next_provider_is_asked_through_its_circuit(rig: Callable[..., Rig]) -> None:
    setup = panicking(rig, Panic.PROBE, one=provider("one", DOWN), two=provider("two", HELLO))
    emitted = await setup.run()
    assert emitted.text == "Hello"
    called = [attempt for attempt in emitted.ending.attempts if not attempt.skipped]
    assert [(attempt.target.provider, attempt.breaker_state) for attempt in called] == [
        ("one", "open"),
        ("two", "open"),
    ]


async def test_each_provider_is_asked_once(rig: Callable[..., Rig]) -> None:
    setup = panicking(rig, Panic.PROBE, one=provider("one", DOWN), two=provider("two", DOWN))
    error = (await setup.run()).ending.error
    assert error is not None
    assert (len(setup.one.calls), len(setup.two.calls)) == (1, 1)
