"""One real server with the simulated providers for all tests of the API that leave it as they found it."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.support.server import Serve, Server

NAME_AT_THE_PROXY = "sentinel.example"
SETTINGS = {
    "SIMULATED_WORDS_PER_SECOND": "300",
    "MAX_INPUT_CHARS": "2000",
    "MAX_BODY_BYTES": "100000",
    "SENTINEL_ALLOWED_HOSTS": NAME_AT_THE_PROXY,
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running `sentinel serve`."""
    maker = Serve(lambda: tmp_path_factory.mktemp("api"))
    yield asyncio.run(maker(SETTINGS, with_tools=True))
    maker.close()


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server; every kill switch and circuit is as at the start when the test ends."""
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as client:
        yield client
        for switch in (await client.get("/api/chaos")).json()["kill_switches"]:
            await client.put(f"/api/chaos/kill-switch/{switch['target']}", json={"active": False})
        for breaker in (await client.get("/api/breakers")).json()["items"]:
            await client.post("/api/breakers/reset", json={"key": breaker["key"]})
