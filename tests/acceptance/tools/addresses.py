"""Servers at an address, as processes that can be killed and started again on the same port."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from sentinel.tools.config import ServerConfig
from tests.integration.tools.running import ROOT
from tests.support.processes import Program, free_port, wait_until
from tests.support.third_party import EverythingOverHttp

_SECONDS = 30.0


class Addressed(Protocol):
    """What these servers have in common."""

    port: int
    program: Program

    @property
    def config(self) -> ServerConfig: ...

    def restart(self) -> None: ...


class ModuleOverHttp:
    """A Python module that serves MCP on a port."""

    def __init__(
        self, folder: Path, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """`{port}` in the arguments is where it is to listen."""
        self.port = free_port()
        self._command = [sys.executable, "-m", module, *(each.format(port=self.port) for each in arguments)]
        self._log = folder / f"{module}.log"
        paths = f"{ROOT / 'backend'}{os.pathsep}{ROOT}"
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths} | dict(environment or {})
        self.program = self._start()

    @property
    def config(self) -> ServerConfig:
        return ServerConfig(url=f"http://127.0.0.1:{self.port}/mcp", trusted=True)

    def restart(self) -> None:
        """Start it again, after it was killed."""
        self.program = self._start()

    def _start(self) -> Program:
        return Program(self._command, folder=ROOT, log=self._log, environment=self._environment)


def listens(server: Addressed) -> None:
    """Wait until its port is open, without saying a word to it."""
    port = f":{server.port:04X}"

    def is_open() -> bool:
        rows = (line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:])
        return any(row[1].endswith(port) and row[3] == "0A" for row in rows)

    wait_until(is_open, seconds=_SECONDS, what=lambda: f"nobody listens on {server.port}:\n{server.program.log}")


def calculator_over_http(folder: Path) -> ModuleOverHttp:
    """One of our own; the modern era."""
    return ModuleOverHttp(folder, "mcp_servers.calculator", "--http", "{port}")


def misbehaving_over_http(folder: Path, *options: str) -> ModuleOverHttp:
    """One that does what its tools are called; the modern era, or the old one with `--legacy`."""
    module = "tests.integration.tools.servers.misbehaving_http"
    return ModuleOverHttp(folder, module, "{port}", *options, environment={"COUNT_FILE": str(folder / "count")})


Start = Callable[[Callable[[Path], Addressed]], Addressed]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers, and ends them with the test."""
    started: list[Addressed] = []

    def begin(make: Callable[[Path], Addressed]) -> Addressed:
        started.append(make(tmp_path))
        listens(started[-1])
        return started[-1]

    yield begin
    for server in started:
        server.program.kill()


__all__ = ["Addressed", "EverythingOverHttp", "Start", "calculator_over_http", "listens", "misbehaving_over_http"]
