"""The end of a process: whatever goes wrong while it drains, its readers are ended."""

from dataclasses import dataclass, field
from typing import Any, cast

import uvicorn
from uvicorn.lifespan.off import LifespanOff

from sentinel.errors import StoreError
from sentinel.gateway.open_calls import OpenCalls
from sentinel.main.server import DrainingServer
from sentinel.main.services import Running


class RefusedQueue:
    """A queue whose database does not let it hand over what it has."""

    active = 1

    async def drain(self, grace_seconds: float) -> None:
        message = "refused"
        raise StoreError(message)


@dataclass
class Endpoint:
    """What has callers or readers, and knows when it was ended."""

    open_calls: OpenCalls = field(default_factory=OpenCalls)
    is_ended: bool = False

    def end(self) -> None:
        self.is_ended = True


async def test_readers_are_ended_and_calls_drained_even_if_runs_cannot_be_handed_over() -> None:
    gateway, mcp, live = Endpoint(), Endpoint(), Endpoint()
    parts: Any = {"services": None, "gateway": gateway, "mcp": mcp, "queue": RefusedQueue(), "live": live}
    config = uvicorn.Config(cast("Any", None), lifespan="off", log_config=None)
    server = DrainingServer(config, Running(**parts), drain_seconds=0.1)
    server.servers, server.lifespan = [], LifespanOff(config)
    await server.shutdown()
    assert [each.is_ended for each in (mcp, live)] == [True, True]
    assert [each.open_calls.are_cut for each in (gateway, mcp)] == [True, True]
