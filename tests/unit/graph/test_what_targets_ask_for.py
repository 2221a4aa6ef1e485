"""What a target asks for when it fails, and whether the planner still knows it some nodes later."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from sentinel.domain.attempts import Attempt
from sentinel.errors import ProviderRateLimitedError, ProviderUnavailableError
from sentinel.graph.builder import build_graph
from sentinel.graph.emissions import Commit
from sentinel.graph.state import RunState, current_call, initial_state
from sentinel.testing.providers import Behaviour
from tests.unit.graph.asked_again import DOWN, HELLO, provider, retrying, until_waiting
from tests.unit.graph.conftest import Rig
from tests.unit.resilience.making import finished

THROTTLED = Behaviour(error=ProviderRateLimitedError("slow down", cause="rate_limit", retry_after=1.5))
PAUSING = Behaviour(error=ProviderUnavailableError("busy", cause="server_error", retry_after=1.5))
NO_USE = Behaviour(error=ProviderUnavailableError("broken", cause="server_error", may_repeat=False))


@pytest.mark.parametrize("refused", [THROTTLED, PAUSING], ids=["429", "503"])
async def test_the_pause_that_the_only_target_asks_for_is_kept(rig: Callable[..., Rig], refused: Behaviour) -> None:
    setup = retrying(rig, one=provider("one", refused, HELLO))
    setup.kill_switches.set("two", True, actor="test")
    run = await until_waiting(setup)
    await setup.clock.elapse(1.4)
    assert len(setup.one.calls) == 1
    await setup.clock.elapse(0.2)
    assert (await run).text == "Hello"


async def test_it_is_still_known_after_another_target_was_asked(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", PAUSING, HELLO), two=provider("two", DOWN))
    run = await until_waiting(setup)
    assert (len(setup.one.calls), len(setup.two.calls)) == (1, 1)
    await setup.clock.elapse(1.4)
    assert len(setup.one.calls) == 1
    await setup.clock.elapse(0.2)
    emitted = await run
    assert emitted.text == "Hello"
    assert emitted.status("retrying")["delay_ms"] == 1500


async def test_a_target_that_says_that_repeating_is_of_no_use_is_not_repeated(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", NO_USE, HELLO))
    setup.kill_switches.set("two", True, actor="test")
    assert (await setup.run()).ending.error is not None
    assert len(setup.one.calls) == 1


async def test_nor_after_another_target_was_asked(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", NO_USE, HELLO), two=provider("two", DOWN, HELLO))
    emitted = await setup.run()
    assert emitted.text == "Hello"
    assert (len(setup.one.calls), len(setup.two.calls)) == (1, 2)


async def test_a_checkpoint_keeps_both_and_the_receipt_shows_neither(rig: Callable[..., Rig]) -> None:
    setup = retrying(rig, one=provider("one", PAUSING, HELLO), two=provider("two", NO_USE))
    graph = build_graph(InMemorySaver())
    config: RunnableConfig = {"configurable": {"thread_id": "run-1"}}

    async def follow() -> None:
        async for item in graph.astream(initial_state(), config, context=setup.context(), stream_mode="custom"):
            if isinstance(item, Commit):
                item.done.set()

    run = asyncio.create_task(follow())
    while not setup.clock.sleepers:
        await asyncio.sleep(0)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    revived = current_call(cast("RunState", (await graph.aget_state(config)).values))
    assert [(attempt.retry_after_seconds, attempt.may_repeat) for attempt in revived] == [(1.5, True), (None, False)]
    assert not {"may_repeat", "retry_after_seconds"} & revived[0].to_dict().keys()


def test_an_attempt_of_an_older_checkpoint_is_read_too() -> None:
    attempt = finished("one/large", "server_error")
    assert Attempt.from_dict(attempt.to_dict()) == attempt == Attempt.from_dict(attempt.to_state())
