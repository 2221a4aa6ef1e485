"""One real server with the simulated providers for all tests of the gateway that leave it as they found it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.server import Serve, Server

FAST = {"SIMULATED_WORDS_PER_SECOND": "0"}


@pytest.fixture(scope="session")
def gateway_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `sentinel serve`."""
    maker = Serve(lambda: tmp_path_factory.mktemp("gateway"))
    yield asyncio.run(maker({**FAST, "MAX_BODY_BYTES": "100000"}, with_tools=True))
    maker.close()


@pytest.fixture
async def api(gateway_server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server's API; no kill switch is thrown any more when the test ends."""
    async with httpx.AsyncClient(base_url=gateway_server.url, timeout=20, verify=False) as client:
        yield client
        for switch in (await client.get("/api/chaos")).json()["kill_switches"]:
            await client.put(f"/api/chaos/kill-switch/{switch['target']}", json={"active": False})
