"""The simulator as a program of its own: how it starts, says where it is, and ends."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.support.bounded import bounded


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    """Start the program; kill it at the end if it still runs."""
    environment = {**os.environ, "PYTHONPATH": "backend"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ready_line(process: Process) -> Any:
    """Return what the program says when it is ready."""
    assert process.stdout is not None
    return json.loads(await bounded(process.stdout.readline(), 20))


async def ended(process: Process) -> int:
    """Return the exit code; fail if the program does not end within a second."""
    return await bounded(process.wait(), 1)


async def test_it_says_where_it_is_on_one_line_and_answers_there() -> None:
    async with started("--words-per-second", "0") as process, httpx.AsyncClient(verify=False) as client:
        ready = await ready_line(process)

        assert set(ready) == {"openai_base_url", "ollama_base_url", "control_urls"}
        assert (await client.get(f"{ready['openai_base_url']}/models")).json()["data"][0]["id"] == "sim-large"
        assert (await client.get(f"{ready['ollama_base_url']}/api/tags")).json()["models"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_cleanly_and_at_once_on_a_signal_while_it_answers(number: signal.Signals) -> None:
    async with started() as process, httpx.AsyncClient(verify=False) as client:
        ready = await ready_line(process)
        request = {"model": "sim-large:no_response", "messages": [{"role": "user", "content": "Hello"}]}
        waiting = asyncio.ensure_future(client.post(f"{ready['openai_base_url']}/chat/completions", json=request))
        await client.get(f"{ready['control_urls']['openai']}/requests?wait_seconds=5")
        process.send_signal(number)

        assert await ended(process) == 0
        with pytest.raises(httpx.TransportError):
            await waiting
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_it_ends_with_standard_input_when_told_to() -> None:
    async with started("--exit-with-stdin") as process:
        await ready_line(process)
        assert process.stdin is not None
        process.stdin.close()

        assert await ended(process) == 0


async def test_it_dies_with_a_parent_that_is_killed() -> None:
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'simulator', '--exit-with-stdin'], stdin=subprocess.PIPE)\n"
        "child.wait()\n"
    )
    environment = {**os.environ, "PYTHONPATH": "backend"}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=PIPE, env=environment)
    ready = await ready_line(process)
    process.kill()
    await process.wait()

    # The child holds the other end of this pipe; the pipe ends when the child does.
    assert process.stdout is not None
    assert await bounded(process.stdout.read(), 2) == b""
    async with httpx.AsyncClient(verify=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{ready['openai_base_url']}/models")


async def test_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with started("--ollama-port", str(port)) as process:
            out, error = await bounded(process.communicate(), 20)

    assert process.returncode == 1
    assert out == b""
    assert error.decode().count("\n") == 1
    assert f"simulator: cannot listen on 127.0.0.1:{port}: Address already in use" in error.decode()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--openai-port", "70000"], "70000 is no port: from 0 to 65535"),
        (["--words-per-second", "-1"], "-1 is not 0 or more"),
        (["--speed", "1"], "unrecognized arguments: --speed 1"),
    ],
)
async def test_wrong_option_is_named(arguments: list[str], message: str) -> None:
    async with started(*arguments) as process:
        _, error = await bounded(process.communicate(), 20)

    assert process.returncode == 2
    assert message in error.decode()
