"""A stdio transport for the MCP client that survives its server; the SDK's own is uncapped and quadratic.

The process has a process group and a minimal environment of its own and dies with us; what it writes to stderr is kept
in a short ring. The session ends the moment its output does.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from sentinel.clock import Clock
from sentinel.errors import ToolUnavailableError
from sentinel.redaction import SHAPES_ONLY, Redactor
from sentinel.tools.config import ServerConfig
from sentinel.tools.transport.framing import LineSplitter, OverlongLine, read_line
from sentinel.tools.transport.turns import Turns
from sentinel.tools.waiting import happened_within

INHERITED_VARIABLES: Final = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
"""What a server sees of our environment; everything else, keys above all, only if its configuration names it."""

_STDIN, _STDOUT = 0, 1
_STDERR_BYTES = 16_384
_QUEUED_BYTES = 262_144  # what may wait for the session before the pipe is paused
_QUIT_SECONDS = 1.0  # after its stdin has ended
_TERMINATE_SECONDS = 0.5
_REAP_SECONDS = 2.0
_DRAIN_SECONDS = 0.2  # for output that was written just before the process ended
_IS_KEPT = sys.platform == "linux"


class StdioTransport:
    """One run of one server process; an async context manager that yields the client's two streams."""

    shows_end = True

    def __init__(
        self,
        config: ServerConfig,
        *,
        environment: Mapping[str, str],
        clock: Clock,
        line_cap: int,
        redactor: Redactor = SHAPES_ONLY,
    ) -> None:
        """Prepare to run `config.command`; `environment` is ours, from which only a few variables are passed on."""
        self._config = config
        self._environment = _minimal(environment) | dict(config.env)
        self.redactor = redactor
        self._clock = clock
        self._child = _Child(line_cap, on_exit=self._kill_group)
        self._process: asyncio.SubprocessTransport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._on_end: Callable[[], None] | None = None
        self._has_ended = False
        self._leader: int | None = None
        self._to_session: MemoryObjectSendStream[SessionMessage | Exception]
        self._from_session: MemoryObjectReceiveStream[SessionMessage]
        self.noise = 0
        """Lines on stdout that were no messages; empty ones are nothing at all."""

    async def __aenter__(
        self,
    ) -> tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]:
        """Start the process.

        Raises:
            ToolUnavailableError: the command cannot be started.
        """
        self._process = await self._spawn()
        # No await until the tasks exist: a cancellation in between would leave the process to nobody.
        self._to_session, read_stream = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write_stream, self._from_session = anyio.create_memory_object_stream[SessionMessage](0)
        pipe = cast("asyncio.WriteTransport", self._process.get_pipe_transport(_STDIN))
        self._tasks = [asyncio.create_task(work) for work in (self._read(), self._write(pipe), self._watch_exit())]
        return read_stream, write_stream

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: first by the end of its input, then by signals. Takes at most a few seconds."""
        self._on_end = None  # whoever leaves knows, and perhaps a better reason
        with anyio.CancelScope(shield=True):
            try:
                await self._quit()
            finally:
                self.abort()
                for task in self._tasks:
                    task.cancel()
                await self._reap()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back, once, in the moment the session can go no further."""
        self._on_end = callback

    def on_doubt(self, callback: Callable[[], None]) -> None:
        """Do nothing: an end is seen here, not suspected."""

    def opened(self) -> None:
        """Remember whose group to kill, should somebody kill the keeper."""
        self._leader = self.pid

    def abort(self) -> None:
        """Kill the process and everything it started, now."""
        if self._process is not None and self._process.get_returncode() is None:
            self._kill_all()
        self._end()

    @property
    def is_blocked(self) -> bool:
        """Whether the process does not read what was written for it."""
        return not self._child.writable.is_set()

    @property
    def pid(self) -> int | None:
        """The id of the server's own process, once started."""
        started = None if self._process is None else self._process.get_pid()
        return started if started is None or not _IS_KEPT else _first_child(started)

    def describe_end(self) -> str:
        """Say how it ended, with the last line of stderr if there is one."""
        code = None if self._process is None else self._process.get_returncode()
        last = self.stderr_tail().rstrip().rpartition("\n")[2].strip()
        how = "closed its output" if code is None else f"exited with code {code}"
        if code is not None and code < 0:
            how = f"was killed by signal {-code}"
        return f"{how}: {last[:300]}" if last else how

    def stderr_tail(self) -> str:
        """Return the end of what the process has written to stderr."""
        return self.redactor.text(self._child.stderr.decode("utf-8", errors="replace"))

    # Starting and ending --------------------------------------------------------------------------------------------

    async def _spawn(self) -> asyncio.SubprocessTransport:
        loop = asyncio.get_running_loop()
        argv = self._argv()
        try:
            process, _ = await loop.subprocess_exec(
                lambda: self._child,
                *argv,
                env=self._environment,
                cwd=self._config.cwd,
                start_new_session=True,
            )
        except (OSError, ValueError) as exc:
            message = f"cannot start {self._config.command!r}: {exc}"
            raise ToolUnavailableError(message) from exc
        return process

    def _argv(self) -> list[str]:
        command = self._config.command or ""
        found = command if os.sep in command else shutil.which(command, path=self._environment.get("PATH"))
        if found is None:
            message = f"cannot start {command!r}: there is no such program on PATH"
            raise ToolUnavailableError(message)
        argv = [found, *self._config.args]
        if not _IS_KEPT:
            return argv
        keeper = Path(__file__).with_name("keeper.py")
        return [sys.executable, "-I", "-S", str(keeper), str(os.getpid()), *argv]

    async def _quit(self) -> None:
        process, exited = self._process, self._child.exited
        if process is None or exited.is_set():
            return
        pipe = process.get_pipe_transport(_STDIN)
        if pipe is not None:
            pipe.close()
        if not await happened_within(exited.wait(), seconds=_QUIT_SECONDS, clock=self._clock):
            self._signal_group(signal.SIGTERM)
            await happened_within(exited.wait(), seconds=_TERMINATE_SECONDS, clock=self._clock)

    async def _reap(self) -> None:
        if self._process is None:
            return
        try:
            await happened_within(self._child.exited.wait(), seconds=_REAP_SECONDS, clock=self._clock)
        finally:
            self._process.close()  # also when all is ended while this server was being mourned
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _kill_all(self) -> None:
        """Have the keeper kill everything, what has left the group included; where there is none, kill the group."""
        if not _IS_KEPT:
            self._kill_group()
            return
        with suppress(ProcessLookupError):
            if self._process is not None:
                os.kill(self._process.get_pid(), signal.SIGHUP)
                os.kill(self._process.get_pid(), signal.SIGCONT)  # it may have been stopped with its group

    def _kill_group(self) -> None:
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        # The group outlives its leader, so what a server without a keeper has started is reached too.
        leader = self.pid or self._leader  # the keeper has a group of its own, and somebody may have killed it
        with suppress(ProcessLookupError, PermissionError):
            if leader is not None:
                os.killpg(leader, number)

    def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._process is not None:
            self._to_session.close()
            self._from_session.close()
        if self._on_end is not None:
            self._on_end()

    # Traffic --------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        turns = Turns()
        while (line := await self._child.next_line()) is not None:
            await turns.spend(len(line) if isinstance(line, bytes) else 0)
            message = read_line(line)
            if message is None:
                self.noise += 1
                continue
            try:
                await self._to_session.send(message)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                break  # the session is gone
        self._end()

    async def _write(self, pipe: asyncio.WriteTransport) -> None:
        with suppress(anyio.ClosedResourceError):
            async for message in self._from_session:
                pipe.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                await self._child.writable.wait()

    async def _watch_exit(self) -> None:
        """End the session although somebody else still holds the pipe of a process that is gone."""
        await self._child.exited.wait()
        await self._clock.sleep(_DRAIN_SECONDS)
        self._end()


class _Child(asyncio.SubprocessProtocol):
    """What the event loop tells about the process."""

    def __init__(self, line_cap: int, *, on_exit: Callable[[], None]) -> None:
        self._splitter = LineSplitter(cap=line_cap)
        self._lines: Iterator[bytes | OverlongLine] = iter(())
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._arrived = asyncio.Event()
        self._stdout: asyncio.ReadTransport | None = None
        self._is_paused = False
        self._is_over = False
        self._on_exit = on_exit
        self.exited = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.stderr = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        process = cast("asyncio.SubprocessTransport", transport)
        self._stdout = cast("asyncio.ReadTransport", process.get_pipe_transport(_STDOUT))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd != _STDOUT:
            self.stderr += data
            del self.stderr[:-_STDERR_BYTES]
            return
        self._queue.append(data)
        self._queued_bytes += len(data)
        self._arrived.set()
        if self._queued_bytes > _QUEUED_BYTES:
            self._pause()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == _STDOUT:
            self._finish()
        elif fd == _STDIN:
            self.writable.set()
            self._finish()  # a server that reads no more can be asked no more

    def process_exited(self) -> None:
        self._on_exit()
        self.exited.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    async def next_line(self) -> bytes | OverlongLine | None:
        """Return the next line, cut off only now: a chunk may hold tens of thousands. None at the end of the output."""
        while (line := next(self._lines, None)) is None:
            chunk = None if self._splitter.is_endless else await self._next_chunk()
            if chunk is None:
                return None
            self._lines = self._splitter.feed(chunk)
        return line

    async def _next_chunk(self) -> bytes | None:
        while not self._queue:
            self._resume()
            if self._is_over:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        chunk = self._queue.popleft()
        self._queued_bytes -= len(chunk)
        return chunk

    def _pause(self) -> None:
        if not self._is_paused and self._stdout is not None:
            self._is_paused = True
            self._stdout.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and self._stdout is not None:
            self._is_paused = False
            self._stdout.resume_reading()

    def _finish(self) -> None:
        self._is_over = True
        self._arrived.set()


def _minimal(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in INHERITED_VARIABLES if name in environment}


def _first_child(keeper: int) -> int | None:
    try:
        children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text(encoding="ascii").split()
    except OSError:
        return None
    return int(children[0]) if children else None
