"""Whose tool a public name could be."""

import pytest

from sentinel.tools.catalogue.spec import public_name
from sentinel.tools.outcome import Cause
from tests.unit.tools.routed import routed


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
