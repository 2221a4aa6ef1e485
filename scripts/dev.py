"""`make dev`: backend that restarts when its sources change, `next dev`, and one address for both; Ctrl-C ends all."""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.dev_proxy import DevProxy
from scripts.project import FRONTEND, NPM, PYTHON, ROOT, VENV, child_environment
from scripts.steps import say

_GRACE_SECONDS = 10.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _start(command: Sequence[str], cwd: Path, env: dict[str, str]) -> asyncio.subprocess.Process:
    """Each program leads a process group of its own, so that its children can be stopped with it."""
    return await asyncio.create_subprocess_exec(*command, cwd=cwd, env=env, start_new_session=True)


async def _stop(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
            return


async def _start_backend(port: int) -> asyncio.subprocess.Process:
    serve = shlex.join([str(VENV / "bin" / "sentinel"), "serve"])
    watch = [
        str(PYTHON),
        "-m",
        "watchfiles",
        "--filter",
        "python",
        "--sigint-timeout",
        "5",
        serve,
        "backend",
        "mcp_servers",
    ]
    return await _start(watch, ROOT, child_environment(HOST="127.0.0.1", PORT=str(port)))


async def _start_console(port: int) -> asyncio.subprocess.Process:
    command = [str(NPM), "run", "--silent", "dev", "--", "--hostname", "127.0.0.1", "--port", str(port)]
    return await _start(command, FRONTEND, child_environment())


def _stop_on_sigterm() -> None:
    """The programs lead their own groups, so nobody but this one would pass the signal on."""
    task = asyncio.current_task()
    if task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _serve(port: int) -> None:
    backend_port, console_port = _free_port(), _free_port()
    _stop_on_sigterm()
    server = await DevProxy(backend_port=backend_port, console_port=console_port).serve(port)
    say(f"  console and API with reload: http://127.0.0.1:{port} (Ctrl-C stops)")
    processes = [await _start_backend(backend_port), await _start_console(console_port)]
    try:
        waits = [asyncio.ensure_future(process.wait()) for process in processes]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.close()
        await asyncio.gather(*[_stop(process) for process in processes])


def main() -> int:
    """Run until one of the programs ends, or Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve(int(os.environ.get("PORT", "8000"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
