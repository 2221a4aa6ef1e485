"""One machine of a cluster: a process on a loopback port, started, stopped, killed, frozen, and started again there."""

import signal
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.cluster.processes import DidNotStartError, Program, free_port, wait_until

READY_SECONDS = 90.0


class Machine(ABC):
    """What every kind of machine can do; its log keeps what it wrote over every start."""

    def __init__(self, name: str, folder: Path, *, port: int = 0) -> None:
        """`folder` is where it works and writes its log; port 0 takes any free one, and keeps it."""
        self.name = name
        self.port = port or free_port()
        self.folder = folder
        self._program: Program | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def program(self) -> Program:
        """The newest process.

        Raises:
            DidNotStartError: there was none yet.
        """
        if self._program is None:
            message = f"{self.name} was never started"
            raise DidNotStartError(message)
        return self._program

    @property
    def log(self) -> str:
        """All that it has written."""
        return self.program.log

    def launch(self) -> None:
        """Start the process, and do not wait for it."""
        log = self.folder / f"{self.name}.log"
        self._program = Program(
            self._command(),
            folder=self.folder,
            log=log,
            environment=self._environment(),
            death_signal=signal.SIGKILL,  # the only one that ends a frozen process
        )

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            DidNotStartError: it ended instead.
            TimeoutError: it was not ready in time.
        """
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait for a process that was launched; raises as `start` does."""
        wait_until(self.is_ready, seconds=READY_SECONDS, what=lambda: f"{self.name} is not ready:\n{self.log[-4000:]}")

    def is_ready(self) -> bool:
        """Whether it can be used.

        Raises:
            DidNotStartError: it has ended.
        """
        if not self.program.is_running:
            message = f"{self.name} ended:\n{self.log[-4000:]}"
            raise DidNotStartError(message)
        return self._answers()

    def stop(self) -> None:
        """Stop it as a service manager does; does nothing where nothing runs."""
        if self._program and self._program.is_running:
            self._program.thaw()
            self._program.stop()

    def kill(self) -> None:
        """End it as a crash or `kill -9` does."""
        self.program.kill()

    def freeze(self) -> None:
        """Stop it where it is: connections stay open and nobody answers; what it has started goes on."""
        self.program.freeze()

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        self.program.thaw()

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """What is executed."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it answers now."""

    def _environment(self) -> Mapping[str, str] | None:
        return None


def answers(url: str, *, seconds: float = 2.0) -> bool:
    """Whether a success comes from an address."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as response:  # noqa: S310 a loopback address of ours
            return bool(response.status == 200)  # noqa: PLR2004 OK
    except (OSError, urllib.error.URLError, ValueError):
        return False
