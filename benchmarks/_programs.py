"""Programs that a benchmark starts: on cores of their own if there are some, timed by the kernel, ended by their id."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from scripts.cluster.processes import descendants
from scripts.project import ROOT, child_environment

_SOURCES = os.pathsep.join([str(ROOT / "backend"), str(ROOT)])
"""This checkout is what is measured, wherever the environment's own installation points."""
_START_SECONDS = 60.0
_END_SECONDS = 8.0


class CannotStartError(Exception):
    """A program did not start; the text says what it said."""


@dataclass(frozen=True)
class Cores:
    """Who runs where: what is measured alone on one core, load and mock provider on the others."""

    measured: frozenset[int] | None
    others: frozenset[int] | None

    @classmethod
    def split(cls) -> "Cores":
        """Divide what this process may use; with a single core, or off Linux, everything runs everywhere."""
        usable = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
        if len(usable) < 2:
            return cls(None, None)
        return cls(frozenset(usable[-1:]), frozenset(usable[:-1]))

    @property
    def explanation(self) -> str:
        """Say it in a sentence."""
        if self.measured is None or self.others is None:
            return "everything shares all cores"
        return f"the gateway alone on 1 core, load generator and mock provider on {len(self.others)}"


@contextmanager
def on_cores(cores: frozenset[int] | None) -> Iterator[None]:
    """Let programs started inside inherit these cores."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Program:
    """One started program with all that it starts itself."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        cores: frozenset[int] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        talks: bool = False,
    ) -> None:
        """Start it; `talks`: it reads and answers JSON lines, otherwise its output goes to the log."""
        self._log = log
        self._name = Path(command[0]).name
        with log.open("wb") as sink, on_cores(cores):
            self._process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env=child_environment(PYTHONPATH=_SOURCES, **(env or {})),
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else sink,
                stderr=sink,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its process group."""
        return self._process.pid

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a line."""
        _pipe(self._process.stdin).write(orjson.dumps(message) + b"\n")
        _pipe(self._process.stdin).flush()

    def hear(self) -> dict[str, Any]:
        """Wait for a line."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise CannotStartError(self._explanation())
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def wait_for(self, is_ready: Callable[[], bool], *, seconds: float = _START_SECONDS, every: float = 0.05) -> None:
        """Wait until it is ready.

        Raises:
            CannotStartError: it ended, or took too long.
        """
        until = time.monotonic() + seconds
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise CannotStartError(self._explanation())
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(every)

    def cpu_seconds(self, *, with_children: bool = True) -> float:
        """The processor time that it and its children have used; 0 where the kernel does not tell."""
        pids = [self.pid, *(descendants(self.pid) if with_children else ())]
        return sum(cpu_seconds_of(pid) for pid in pids)

    def resident_megabytes(self) -> float:
        """The memory that it and its children hold now; 0 where the kernel does not tell."""
        return sum(map(resident_megabytes, (self.pid, *descendants(self.pid))))

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it and what it started, politely first."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
                break
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _explanation(self) -> str:
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        return f"{self._name} did not start: {' / '.join(said)}"


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "only of programs that talk"
    return pipe


def cpu_seconds_of(pid: int) -> float:
    """Ask the kernel's clock for the processor time of a process; it counts threads that have ended, too."""
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime((~pid << 3) | 2)  # how Linux encodes the clock of another process
    except OSError:
        return 0.0


def resident_megabytes(pid: int) -> float:
    """The memory that a process holds now; 0 where the kernel does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """Find a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str, *, headers: Mapping[str, str] | None = None) -> bool:
    """Whether something answers there with a success."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})), timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def fetch_json(url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """GET a JSON object, or POST one and give what comes back."""
    data = None if body is None else orjson.dumps(dict(body))
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = orjson.loads(response.read())
        return answer
