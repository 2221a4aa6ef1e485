"""Must-have 4: one dropped connection fails one call, in both eras; its siblings and the session stay."""

import asyncio

import pytest

from sentinel.tools.config import SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.addresses import Start, misbehaving_over_http
from tests.integration.tools.running import BOUND, running

CALM = SupervisionConfig(watch_seconds=600.0, start_wait_seconds=BOUND)


@pytest.mark.parametrize("options", [(), ("--legacy",)], ids=["modern", "legacy"])
async def test_one_dropped_connection_fails_one_call_only(start: Start, options: tuple[str, ...]) -> None:
    """Calls in flight beside it get their results, the next one works, and it is all the same session."""
    server = start(lambda folder: misbehaving_over_http(folder, *options))
    async with running({"web": server.config}, supervision=CALM) as tools:
        await tools.until("web", ServerState.READY)
        siblings = [asyncio.create_task(tools.call("web__slow", text=f"sibling {number}")) for number in range(4)]
        outcome = await tools.call("web__count_and_cut")
        assert (outcome.cause, outcome.executed) == (Cause.TRANSPORT, "unknown")
        assert [(await sibling).text for sibling in siblings] == [f"sibling {number}" for number in range(4)]
        assert (await tools.call("web__echo", text="next")).text == "next"
        assert (await tools.call("web__counted")).text == "1"
        assert (tools.state("web"), tools.sessions("web")) == (ServerState.READY, 1)
