"""The real `sentinel serve`, as a process of its own on a free port, with its data in a temporary folder.

It can be stopped as a service manager would, killed as a crash would, and started again on the same data.
"""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from scripts.cluster.machines import READY_SECONDS
from scripts.cluster.processes import Program
from scripts.cluster.sentinels import Sentinel

NO_TOOLS = "mcpServers: {}\n"
"""In a `sentinel.yaml`: not even those servers that come with Sentinel, whose start costs as much as its own."""

_POLL_SECONDS = 0.1


class Server:
    """One `sentinel serve` and its folder. `start` returns when it is ready for traffic."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """`environment` is added to a bare one: nothing from the developer's shell or `.env` gets in."""
        self.folder = folder
        self._sentinel = Sentinel(folder, environment)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._sentinel.port

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._sentinel.url

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._running.pid

    @property
    def log(self) -> str:
        """All that it has written, over every start."""
        return self._running.log

    async def start(self, *, awaits_tools: bool = True) -> None:
        """Start the process and wait until it is ready, its own tool servers included unless told otherwise.

        Raises:
            AssertionError: it ended instead.
            TimeoutError: it was not ready in time.
        """
        self._sentinel.launch()
        await self._wait_until(self._is_ready)
        if awaits_tools:
            await self._wait_until(self._has_tools)

    async def refuse(self) -> tuple[int, str]:
        """Start the process where it cannot start, and wait for its end: exit code and output.

        Raises:
            TimeoutError: it started all the same.
        """
        self._sentinel.launch()
        code = await asyncio.to_thread(self._running.wait, seconds=READY_SECONDS)
        return code, self.log

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of Sentinel to its end, in the same folder with the same settings."""
        return self._sentinel.run(*words)

    def stop(self) -> int:
        """Stop it as a service manager does; its exit code."""
        return self._running.stop()

    def kill(self) -> None:
        """End it as a crash or `kill -9` does."""
        self._running.kill()

    async def restart(self) -> None:
        """Start again on the same data and port, after `stop` or `kill`."""
        await self.start()

    def close(self) -> None:
        """Make sure that nothing is left running."""
        self._sentinel.stop()

    @property
    def _running(self) -> Program:
        return self._sentinel.program

    async def _wait_until(self, condition: Callable[[httpx.AsyncClient], Awaitable[bool]]) -> None:
        end = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(base_url=self.url, timeout=2, verify=False) as client:
            while not await condition(client):
                assert self._running.is_running, f"the server ended:\n{self.log}"
                if time.monotonic() > end:
                    message = f"not ready after {READY_SECONDS} s:\n{self.log}"
                    raise TimeoutError(message)
                await asyncio.sleep(_POLL_SECONDS)

    @staticmethod
    async def _is_ready(client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get("/health/ready")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    @staticmethod
    async def _has_tools(client: httpx.AsyncClient) -> bool:
        """Whether no server is still on its first try."""
        servers = (await client.get("/api/tools")).json()["servers"]
        return all(server["state"] != "connecting" or server["restarts"] for server in servers)


class Serve:
    """Makes servers: `server = await serve()`, `await serve({"SENTINEL_CHAOS": "off"}, config="routes: …")`.

    They have the tool servers that `config` names and no others, unless a test asks for Sentinel's own: `with_tools`.
    """

    def __init__(self, new_folder: Callable[[], Path]) -> None:
        """`new_folder` gives each server its own."""
        self._new_folder = new_folder
        self._servers: list[Server] = []

    async def __call__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        config: str = "",
        with_tools: bool = False,
        awaits_tools: bool = True,
    ) -> Server:
        """Start a server; `config` is the text of its `sentinel.yaml`."""
        server = self.prepare(environment, config=config, with_tools=with_tools)
        await server.start(awaits_tools=awaits_tools)
        return server

    async def refused(self, environment: Mapping[str, str] | None = None, *, config: str = "") -> tuple[int, str]:
        """Start a server that must refuse to start; its exit code and what it says."""
        return await self.prepare(environment, config=config).refuse()

    def prepare(
        self, environment: Mapping[str, str] | None = None, *, config: str = "", with_tools: bool = False
    ) -> Server:
        """Make a server that is not started yet."""
        folder = self._new_folder()
        if not with_tools and "mcpServers" not in config:
            config = f"{config}\n{NO_TOOLS}"
        if config:
            (folder / "sentinel.yaml").write_text(config, encoding="utf-8")
        server = Server(folder, environment or {})
        self._servers.append(server)
        return server

    def close(self) -> None:
        """Stop all that still run."""
        for server in self._servers:
            server.close()


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A maker of real servers, all stopped when the test ends."""
    maker = Serve(lambda: tmp_path_factory.mktemp("server"))
    yield maker
    maker.close()
