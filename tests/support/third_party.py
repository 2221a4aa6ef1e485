"""MCP servers that others wrote, unchanged: how each is started. `make test` installs them."""

import sys
from pathlib import Path

from sentinel.tools.config import ServerConfig
from tests.support.processes import Program, free_port
from tests.support.sources import ROOT

LEGACY = "2025-11-25"
MODERN = "2026-07-28"

_NODE = Path(sys.executable).parent / "node"
_FOLDER = ROOT / "tests" / "third_party"
_PACKAGES = _FOLDER / "node_modules" / "@modelcontextprotocol"
_ENVIRONMENTS = ROOT / ".cache" / "third_party"

EVERYTHING = _PACKAGES / "server-everything" / "dist" / "index.js"
FILESYSTEM = _PACKAGES / "server-filesystem" / "dist" / "index.js"
MEMORY = _PACKAGES / "server-memory" / "dist" / "index.js"
INSPECTOR = _PACKAGES / "inspector" / "clients" / "launcher" / "build" / "index.js"
CONFORMANCE = _PACKAGES / "conformance" / "dist" / "index.js"


def node(program: Path, *arguments: str | Path) -> list[str]:
    """Give the command of a program from npm.

    Raises:
        FileNotFoundError: it is not installed.
    """
    return [str(_installed(_NODE)), str(_installed(program)), *map(str, arguments)]


def everything() -> ServerConfig:
    """The reference server of the protocol; the legacy era."""
    command, *arguments = node(EVERYTHING, "stdio")
    return ServerConfig(command=command, args=tuple(arguments), trusted=True)


def filesystem(root: Path) -> ServerConfig:
    """Files below `root`; the legacy era."""
    command, *arguments = node(FILESYSTEM, root)
    return ServerConfig(command=command, args=tuple(arguments), trusted=True)


def memory(file: Path) -> ServerConfig:
    """A knowledge graph in a file; the legacy era."""
    command, *arguments = node(MEMORY)
    return ServerConfig(command=command, args=tuple(arguments), env={"MEMORY_FILE_PATH": str(file)}, trusted=True)


def time() -> ServerConfig:
    """The time in any zone; the modern era."""
    return _modern("mcp_server_time", "--local-timezone", "UTC")


def fetch() -> ServerConfig:
    """Pages of the public web; asked for any other, its tool refuses. The modern era."""
    return _modern("mcp_server_fetch")


def _modern(module: str, *arguments: str) -> ServerConfig:
    python = _installed(_ENVIRONMENTS / "third-party" / "bin" / "python")
    return ServerConfig(command=str(python), args=("-m", module, *arguments), trusted=True)


def calculator() -> ServerConfig:
    """A calculator on the SDK before this one; the legacy era. It says nothing about what its tool does."""
    python = _installed(_ENVIRONMENTS / "third-party-legacy" / "bin" / "python")
    return ServerConfig(command=str(python), args=("-m", "mcp_server_calculator"), trusted=True)


class EverythingOverHttp:
    """The reference server as a process that listens on loopback, always on the same port."""

    def __init__(self, folder: Path) -> None:
        """Start it; its output goes into `folder`."""
        self.port = free_port()
        self._folder = folder
        self.program = self._start()

    @property
    def config(self) -> ServerConfig:
        """How it is reached."""
        return ServerConfig(url=f"http://127.0.0.1:{self.port}/mcp", trusted=True)

    def restart(self) -> None:
        """Start it again, after it was killed."""
        self.program = self._start()

    def _start(self) -> Program:
        command = node(EVERYTHING, "streamableHttp")
        command[1:1] = ["--require", str(_FOLDER / "loopback.cjs")]
        return Program(
            command, folder=self._folder, log=self._folder / "everything.log", environment={"PORT": str(self.port)}
        )


def _installed(file: Path) -> Path:
    if not file.exists():
        message = f"{file} is not installed; `make test` does that"
        raise FileNotFoundError(message)
    return file
