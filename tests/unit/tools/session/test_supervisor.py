"""One owner per server: opens, watches, closes and reopens its session."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sentinel.testing.clock import settle
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.session.server_status import ServerState
from tests.support.bounded import bounded
from tests.unit.tools.peers import Answer, tool
from tests.unit.tools.supervised import Supervised


async def test_a_server_is_ready_when_its_tools_are_listed(supervised: Supervised) -> None:
    """The state, the tools and the version show in the status."""
    supervisor = await supervised.ready()
    status = supervisor.status()
    assert (status.state, status.tools, status.sessions) == (ServerState.READY, ("echo",), 1)
    assert status.protocol_version == "2026-07-28"
    assert status.last_error is None
    assert supervised.states == ["connecting", "ready"]


async def test_a_loss_flips_the_state_at_once_and_the_session_is_opened_again(supervised: Supervised) -> None:
    """Nobody can take the dead session in the moment it has died; the tools stay known."""
    supervisor = await supervised.ready()
    connection = supervisor.connection
    supervised.peer.crash()
    assert supervisor.state is ServerState.DOWN
    assert supervisor.connection is None
    assert connection is not None
    assert connection.is_lost
    assert supervisor.status().is_ending
    await supervised.clock.elapse(0.2)
    await supervised.until_state(ServerState.READY)
    assert supervisor.status().sessions == 2
    assert (supervisor.status().last_error, supervisor.status().is_ending) == ("the peer went away", False)
    assert supervised.peer.transports[0].is_closed


async def test_the_next_session_does_not_ask_for_the_era_again(supervised: Supervised) -> None:
    """Asking a legacy server costs seconds; what is known is kept until an opening fails."""
    await supervised.ready()
    supervised.peer.crash()
    await supervised.clock.elapse(0.2)
    await supervised.until_state(ServerState.READY)
    assert supervised.peer.asked == ["server/discover", "tools/list", "tools/list"]


async def test_an_opening_that_fails_says_why_and_is_tried_again_later(supervised: Supervised) -> None:
    """The waits grow, with a random part, up to a limit."""
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.until_state(ServerState.DOWN)
    assert "no list today" in str(supervised.supervisor.status().last_error)
    for wait in (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0):
        attempts = len(supervised.peer.transports)
        await supervised.clock.elapse(wait - 0.01)
        assert len(supervised.peer.transports) == attempts
        await supervised.clock.elapse(0.01)
        assert len(supervised.peer.transports) == attempts + 1


async def test_an_operator_sees_when_it_failed_and_when_it_is_tried_again(supervised: Supervised) -> None:
    """While it is tried, there is no next time."""
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.until_state(ServerState.DOWN)
    await settle()
    failed = supervised.supervisor.status()
    assert (failed.last_error_at, failed.retry_at) == (at := supervised.clock.now(), at + timedelta(seconds=0.2))
    supervised.peer.refuses_to_list = False
    await supervised.clock.elapse(0.2)
    await supervised.until_state(ServerState.READY)
    ready = supervised.supervisor.status()
    assert (ready.last_error_at, ready.retry_at) == (at, None)


async def test_waits_are_shortened_at_random(supervised: Supervised) -> None:
    """Full jitter: fifty servers do not come back in one moment."""
    supervised.random = 0.25
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.until_state(ServerState.DOWN)
    await supervised.clock.elapse(0.05)
    assert len(supervised.peer.transports) == 2


async def test_a_session_that_lasted_makes_the_next_wait_short_again(supervised: Supervised) -> None:
    """Only a server that dies again and again is waited for longer and longer."""
    await supervised.ready()
    for _ in range(4):
        supervised.peer.crash()
        await supervised.clock.elapse(5.0)
        await supervised.until_state(ServerState.READY)
    await supervised.clock.elapse(30.0)
    supervised.peer.crash()
    await supervised.clock.elapse(0.1)
    await supervised.until_state(ServerState.READY)


async def test_a_session_that_answered_a_call_makes_the_next_wait_short_again(supervised: Supervised) -> None:
    """Whoever kills a server that works, and kills it again, waits for it as short as the first time."""
    supervisor = await supervised.ready()
    for _ in range(8):
        connection = supervisor.connection
        assert connection is not None
        await connection.call("echo", {})
        supervised.peer.crash()
        await supervised.clock.elapse(0.1)
        await supervised.until_state(ServerState.READY)


async def test_a_silent_server_is_given_up_at_the_connect_deadline(supervised: Supervised) -> None:
    """The deadline is ours: the SDK's own starts late and ends later."""
    supervised.peer.is_silent = True
    supervised.supervisor.start()
    await supervised.clock.elapse(19.9)
    assert supervised.states == ["connecting"]
    await supervised.clock.elapse(0.1)
    assert supervised.states[1] == "down"
    assert supervised.supervisor.status().last_error == "no session within 20 s"
    supervised.peer.is_silent = False
    await supervised.clock.elapse(1.0)
    await supervised.until_state(ServerState.READY)


async def test_an_endless_list_of_tools_is_cut(supervised: Supervised) -> None:
    """Pages and tools are capped."""

    async def endless(params: dict[str, Any]) -> Answer:
        page = int(params.get("cursor", "0"))
        names = [tool(f"t{page}_{number}") for number in range(3)]
        return {
            "tools": names,
            "nextCursor": str(page + 1),
            "resultType": "complete",
            "ttlMs": 0,
            "cacheScope": "public",
        }

    supervised.peer.on_list = endless
    supervised.supervise(SupervisionConfig(max_pages=4, max_tools=100))
    supervisor = await supervised.ready()
    assert len(supervisor.status().tools) == 12
    assert supervised.peer.asked.count("tools/list") == 4


async def test_too_many_tools_are_cut(supervised: Supervised) -> None:
    """Also on one page."""
    supervised.peer.listed = [tool(f"t{number}") for number in range(300)]
    supervisor = await supervised.ready()
    assert len(supervisor.status().tools) == 200


async def test_a_server_that_gives_no_sign_of_life_is_replaced(supervised: Supervised) -> None:
    """A call that ran into its deadline makes the supervisor ask; no answer in two seconds is enough."""
    supervisor = await supervised.ready()
    assert supervisor.connection is not None
    supervised.peer.is_silent = True
    supervisor.report_silence(supervisor.connection)
    await supervised.clock.elapse(1.9)
    assert supervisor.state is ServerState.READY
    await supervised.clock.elapse(0.1)
    assert "sign of life" in str(supervisor.status().last_error)
    supervised.peer.is_silent = False
    await supervised.clock.elapse(1.0)
    await supervised.until_state(ServerState.READY)


async def test_a_slow_tool_does_not_cost_its_server_the_session(supervised: Supervised) -> None:
    """The server answers the question: only the tool was slow. Further reports ask again."""
    supervisor = await supervised.ready()
    connection = supervisor.connection
    assert connection is not None
    for times in (1, 2):
        supervisor.report_silence(connection)
        supervisor.report_silence(connection)
        await settle(40)
        assert supervised.peer.asked.count("tools/list") == 1 + times
    await supervised.clock.elapse(10.0)
    assert supervisor.connection is connection


async def test_a_report_about_an_old_session_is_ignored(supervised: Supervised) -> None:
    """A call that was slow to fail must not end the session that came after."""
    supervisor = await supervised.ready()
    old = supervisor.connection
    assert old is not None
    supervised.peer.crash()
    await supervised.clock.elapse(0.2)
    await supervised.until_state(ServerState.READY)
    supervisor.report_refusal(old, "late")
    supervisor.report_silence(old)
    await settle()
    assert supervisor.state is ServerState.READY
    assert supervisor.status().sessions == 2


async def test_an_operator_need_not_wait(supervised: Supervised) -> None:
    """Reconnecting ends a long wait, and a session that is READY."""
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.clock.elapse(60.0)
    supervised.peer.refuses_to_list = False
    supervised.supervisor.reconnect()
    await supervised.until_state(ServerState.READY)
    supervised.supervisor.reconnect()
    assert supervised.supervisor.state is ServerState.DOWN
    await supervised.until_state(ServerState.READY)
    assert supervised.supervisor.status().sessions == 2


async def test_callers_open_a_server_that_is_away_at_most_once_a_second(supervised: Supervised) -> None:
    """However they ask; an attempt that is under way is the one that they ask for."""
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.clock.elapse(60.0)
    callers: list[asyncio.Task[Any]] = []
    opened = len(supervised.peer.transports)
    for _ in range(14):
        callers.append(asyncio.create_task(supervised.supervisor.ready_within(3.0)))
        callers.append(asyncio.create_task(supervised.supervisor.knock()))
        await supervised.clock.elapse(0.2)
    assert len(supervised.peer.transports) - opened == 3
    await supervised.clock.elapse(3.0)
    assert {caller.result() for caller in callers} == {None}


async def test_a_caller_that_comes_too_soon_after_another_is_only_held_up(supervised: Supervised) -> None:
    """The server is back, and the next attempt by itself is far away; but there was one for a caller just now."""
    supervised.peer.refuses_to_list = True
    supervised.supervisor.start()
    await supervised.clock.elapse(60.0)
    await supervised.supervisor.knock()
    supervised.peer.refuses_to_list = False
    await supervised.clock.elapse(0.3)
    caller = asyncio.create_task(supervised.supervisor.ready_within(3.0))
    await supervised.clock.elapse(0.6)
    assert not caller.done()
    await supervised.clock.elapse(0.4)
    assert await bounded(caller, 5.0) is not None


async def test_an_attempt_that_is_under_way_is_not_followed_by_one_more_for_those_who_came_meanwhile(
    supervised: Supervised,
) -> None:
    """It is what they asked for."""
    supervised.peer.is_silent = True
    supervised.supervisor.start()
    await supervised.clock.elapse(1.0)
    waiting = asyncio.create_task(supervised.supervisor.ready_within(3.0))
    await supervised.clock.elapse(19.1)
    assert (len(supervised.peer.transports), waiting.done()) == (1, True)


async def test_a_session_that_was_of_use_is_opened_again_at_once_however_often(supervised: Supervised) -> None:
    """Only openings that lead to nothing are held back; what is left of the session need not be closed yet."""
    supervisor = await supervised.ready()
    supervised.peer.crash()
    assert await bounded(supervisor.ready_within(3.0), 5.0) is not None
    for sessions in (3, 4, 5):
        connection = supervisor.connection
        assert connection is not None
        await connection.call("echo", {})
        supervised.peer.crash()
        assert await bounded(supervisor.ready_within(3.0), 5.0) is not None
        assert supervisor.status().sessions == sessions


@pytest.mark.parametrize("moment", ["ready", "connecting", "waiting", "asking", "never started"])
async def test_stopping_leaves_no_task(supervised: Supervised, moment: str) -> None:
    """Whatever the supervisor is doing."""
    before = asyncio.all_tasks()
    supervisor = supervised.supervisor
    if moment in {"ready", "asking"}:
        await supervised.ready()
    if moment == "connecting":
        supervised.peer.is_silent = True
    if moment == "waiting":
        supervised.peer.refuses_to_list = True
    if moment in {"connecting", "waiting"}:
        supervisor.start()
        await settle(40)
    if moment == "asking" and supervisor.connection is not None:
        supervised.peer.is_silent = True
        supervisor.report_silence(supervisor.connection)
        await settle(40)
    await bounded(supervisor.stop(), 5.0)
    await settle()
    assert asyncio.all_tasks() == before
    assert all(transport.is_closed for transport in supervised.peer.transports)


async def test_a_cancellation_that_nobody_asked_for_is_survived(supervised: Supervised) -> None:
    """The SDK says with it that a transport broke; the next session must come all the same."""
    supervisor = await supervised.ready()
    owner = next(task for task in asyncio.all_tasks() if task.get_name() == "tools:peer:owner")
    owner.cancel()
    owner.uncancel()
    await supervised.until_state(ServerState.DOWN)
    await supervised.clock.elapse(0.2)
    await supervised.until_state(ServerState.READY)
    assert supervisor.status().sessions == 2
