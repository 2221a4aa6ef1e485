"""What a registry announces of tools that are trusted anew, and whose tool a public name could be."""

import pytest
from structlog.testing import capture_logs

from sentinel.main.tool_log import PAUSE_SECONDS, ToolLog
from sentinel.tools.catalogue.spec import public_name
from sentinel.tools.outcome import Cause
from tests.unit.tools.peers import tool
from tests.unit.tools.routed import Routed, routed


async def drift(tools: Routed, description: str) -> None:
    """Let the server's tool say something else."""
    tools.peers["one"].listed = [tool("echo", description=description)]
    tools.registry.supervisor("one").relist()
    await tools.clock.elapse(2.0)
    assert tools.registry.listed("one")[0].is_quarantined


async def test_an_approval_is_announced_as_every_change_of_a_servers_tools_is() -> None:
    """Whoever told of the quarantine learns that it is over."""
    async with routed("one") as tools:
        await drift(tools, "other")
        tools.announced.clear()
        tools.registry.approve("one", "echo", digest=None, actor="ann")
        assert [status.name for status in tools.announced] == ["one"]


async def test_every_quarantine_of_a_tool_is_in_the_log_not_only_the_first() -> None:
    """It changes, is approved, and changes again."""
    async with routed("one") as tools:
        registry, log = tools.registry, ToolLog(lambda _server, _detail: None, clock=tools.clock)
        tools.listeners.append(lambda status: log.changed(status, registry.listed(status.name), ()))
        with capture_logs() as lines:
            for turn in range(3):
                await drift(tools, f"drift {turn}")
                registry.approve("one", "echo", digest=None, actor="ann")
                await tools.clock.elapse(PAUSE_SECONDS)
        assert [line["event"] for line in lines].count("tools_quarantined") == 3
        log.close()


@pytest.mark.parametrize("server", ["notes", "my.notes", "my-notes", "my..notes", "n" * 60])
async def test_a_call_of_a_server_that_has_never_been_there_says_so(server: str) -> None:
    """Whatever a public name makes of the server's; what is said is not that the tool was made up."""
    async with routed(server, is_there=False) as tools:
        await tools.clock.elapse(10.0)  # by now, nobody waits for it any more
        outcome = await tools.call(public_name(server, "read"))
        assert (outcome.cause, outcome.server) == (Cause.CONNECT, server)


async def test_a_name_that_could_be_of_two_servers_is_of_the_one_whose_name_says_more() -> None:
    """And a name that no tool of any server could have is of none."""
    async with routed("a", "a..b", "c.d") as tools:
        own = {name: tools.registry.server_of(name) for name in (public_name("a..b", "t"), "a__b__t", "c_d__t", "x__t")}
        assert list(own.values()) == ["a..b", "a", None, None]
