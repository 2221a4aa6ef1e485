"""Real programs of a cluster or a test: they end with who started them, are waited for with a bound, stopped by id."""

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

_POLL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1
_NOT_GIVEN_OUT = range(10_000, 32_000)


def free_port() -> int:
    """A loopback port that nobody listens on, for a program that is told its port and starts a moment later.

    Not one that the system gives to whoever asks for any: somebody else may be given it in that moment.
    """
    while True:
        port = secrets.choice(_NOT_GIVEN_OUT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(holds: Callable[[], bool], *, seconds: float, what: Callable[[], str]) -> None:
    """Poll until something holds.

    Raises:
        TimeoutError: it did not within `seconds`; the text is `what()`.
    """
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what())
        time.sleep(_POLL_SECONDS)  # noqa: TID251 the one bounded poll of other processes; there is no event to wait for


class DidNotStartError(Exception):
    """A program ended, or could not be started; the text is what it said."""


class Program:
    """One process with its output in a file. It is told to stop if its parent dies first, even by `kill -9`."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        group: int | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals | None = None,
    ) -> None:
        """Start it at once, in `folder`; `user` and `group` are for dropping root's rights.

        `death_signal` is what it gets when its parent dies, `stop_signal` if not given.
        """
        self._stop_signal = stop_signal
        self._log = log
        with log.open("ab") as output:
            start = partial(
                subprocess.Popen[bytes],
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user,
                group=group,
                extra_groups=[] if user else None,
                process_group=0,  # Ctrl-C is for who started it, who then stops it in its order
                preexec_fn=_stop_with_parent(death_signal or stop_signal),  # one system call, takes no lock
            )
            self._process = _starter().submit(start).result()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def ending(self) -> str | None:
        """How it ended, in words: by which signal or with which exit code; None while it runs."""
        code = self._process.poll()
        if code is None or code >= 0:
            return None if code is None else f"exit code {code}"
        return f"killed by {signal.Signals(-code).name}"

    @property
    def log(self) -> str:
        """What it has written so far, both streams."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self, *, seconds: float = 15.0) -> int:
        """Ask it to stop and wait; its exit code.

        Raises:
            TimeoutError: it had to be killed.
        """
        if self.is_running:
            self._process.send_signal(self._stop_signal)
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            message = f"process {self.pid} did not stop within {seconds} s:\n{self.log[-4000:]}"
            raise TimeoutError(message) from None

    def wait(self, *, seconds: float) -> int:
        """Wait until it ends by itself; its exit code.

        Raises:
            TimeoutError: it did not.
        """
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            message = f"process {self.pid} still runs after {seconds} s:\n{self.log[-4000:]}"
            raise TimeoutError(message) from None

    def kill(self) -> None:
        """End it without a chance to clean up, also while it is frozen."""
        if self.is_running:
            self._process.kill()
        self._process.wait()

    def freeze(self, *, with_children: bool = False) -> None:
        """Stop it where it is, as a machine that swaps or a paused container; nothing is closed."""
        _signal(signal.SIGSTOP, self.pid, *(descendants(self.pid) if with_children else ()))

    def thaw(self) -> None:
        """Let it and its children go on after `freeze`; does nothing to what has ended."""
        _signal(signal.SIGCONT, self.pid, *descendants(self.pid))


def _signal(number: signal.Signals, *pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def descendants(pid: int) -> list[int]:
    """The processes that one has started and that still run, and theirs; none where the kernel does not tell."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text(encoding="ascii").split()):
                found += [child, *descendants(child)]
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def living_below(folder: Path) -> list[int]:
    """The processes that work in a folder or below it, whoever started them; none where the kernel does not tell."""
    home = str(folder.resolve())
    return [pid for pid in _all_processes() if (_folder_of(pid) + "/").startswith(home + "/")]


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _folder_of(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:  # it has just ended, or is not ours to look at
        return ""


@cache
def _starter() -> ThreadPoolExecutor:
    """The one thread that starts programs: what Linux calls the death of the parent is that of the starting thread."""
    return ThreadPoolExecutor(1, thread_name_prefix="starter")


def _stop_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
