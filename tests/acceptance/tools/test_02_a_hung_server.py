"""Must-have 2: a server that hangs costs a call its deadline and no more, and is replaced without a restart of ours."""

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from sentinel.tools.config import ServerConfig, SupervisionConfig, ToolLimits
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.addresses import Start, calculator_over_http
from tests.acceptance.tools.timing import ROUNDS, best_median
from tests.integration.tools.running import BOUND, IMPATIENT, Running, is_gone, misbehaving, running
from tests.support import third_party
from tests.support.bounded import bounded

DEADLINE, OVER = 0.5, 0.1
AT_WORST_SECONDS = 3.0
LIMITS = ToolLimits(timeout_seconds=DEADLINE)
PATIENT = SupervisionConfig(
    probe_seconds=0.3, backoff_base_seconds=0.05, backoff_max_seconds=0.1, start_wait_seconds=BOUND
)

Victim = tuple[Callable[[], ServerConfig], str, str]
VICTIMS: dict[str, Victim] = {
    "our-own": (misbehaving, "one__echo", "text"),
    "npm-legacy": (third_party.everything, "one__echo", "message"),
    "pypi-modern": (third_party.time, "one__get_current_time", "timezone"),
}
GOOD = "UTC"


async def overruns(tools: Running, name: str, argument: str, value: str) -> list[float]:
    """How far beyond its deadline each of some calls at once came back."""
    outcomes = await bounded(asyncio.gather(*(tools.router.call(name, {argument: value}) for _ in range(4))), BOUND)
    assert {outcome.executed for outcome in outcomes} == {"unknown"}
    assert {outcome.cause for outcome in outcomes} <= {Cause.TIMEOUT, Cause.HUNG}
    return [outcome.duration_ms / 1000 - DEADLINE for outcome in outcomes]


@pytest.mark.parametrize("victim", [*VICTIMS])
@pytest.mark.parametrize("size", [3, 300_000])
async def test_a_frozen_server_costs_its_calls_the_deadline_and_is_replaced(victim: str, size: int) -> None:
    """Also with arguments that fill the pipe, so that the write itself hangs."""
    config, name, argument = VICTIMS[victim]
    late: list[list[float]] = []
    async with running({"one": config(), "other": misbehaving()}, limits=LIMITS, supervision=IMPATIENT) as tools:
        for turn in range(ROUNDS):
            frozen = tools.pid("one")
            os.kill(frozen, signal.SIGSTOP)
            late.append(await overruns(tools, name, argument, "x" * size))
            assert (await tools.call("other__echo", text="fine")).text == "fine"
            await tools.until("one", ServerState.READY, sessions=turn + 2)
            assert is_gone(frozen)
            assert (await tools.router.call(name, {argument: GOOD})).cause is None
        assert tools.registry.supervisor("one").status().last_cause is Cause.HUNG
        assert tools.board.get(f"tool:{name.replace('__', '/')}").snapshot().failures == 0
    assert max(max(each) for each in late) < AT_WORST_SECONDS
    assert -0.01 < best_median(late) < OVER


async def test_a_server_that_freezes_itself_is_replaced() -> None:
    """It cannot be asked to end, so it is killed."""
    async with running({"one": misbehaving()}, limits=LIMITS, supervision=IMPATIENT) as tools:
        frozen = tools.pid("one")
        assert (await tools.call("one__freeze")).cause is Cause.TIMEOUT
        await tools.until("one", ServerState.READY, sessions=2)
        assert is_gone(frozen)


async def test_a_server_at_an_address_that_freezes_is_found_again_when_it_thaws(start: Start) -> None:
    """Nobody here can kill it."""
    server = start(calculator_over_http)
    async with running({"web": server.config}, supervision=PATIENT, limits=LIMITS) as tools:
        await tools.until("web", ServerState.READY)
        os.kill(server.program.pid, signal.SIGSTOP)
        try:
            (late, *_) = await overruns(tools, "web__evaluate", "expression", "1 + 1")
            await tools.until("web", ServerState.DOWN)
        finally:
            os.kill(server.program.pid, signal.SIGCONT)
        await tools.until("web", ServerState.READY, sessions=2)
        assert late < AT_WORST_SECONDS
        assert (await tools.call("web__evaluate", expression="1 + 1")).text == "2"


async def test_a_tool_that_hangs_does_not_cost_its_server_the_session() -> None:
    """The server still answers when it is asked; so this one is the tool's failure."""
    async with running({"one": misbehaving()}, limits=ToolLimits(timeout_seconds=0.2)) as tools:
        before = tools.pid("one")
        assert (await tools.call("one__hang")).cause is Cause.TIMEOUT
        assert (await tools.call("one__echo", text="here")).text == "here"
        assert (tools.pid("one"), tools.sessions("one")) == (before, 1)
