"""`make cluster` says where everything is, answers there, and leaves nothing, whichever way it ends."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import httpx
import pytest

from scripts.cluster import topology
from scripts.cluster.processes import Program, free_port, is_alive, living_below
from tests.cluster.reading import replay
from tests.support.sources import ROOT

PARENT = """
import signal, sys
from pathlib import Path
from scripts.cluster.neighbours import SharedSimulator

running, frozen = (SharedSimulator(Path(sys.argv[1])) for _ in range(2))
running.start()
frozen.start()
frozen.freeze()
print(running.program.pid, frozen.program.pid, flush=True)
signal.pause()
"""


async def said(program: Program, words: str) -> str:
    """Wait until a program has written some words; gives all that it has written."""
    async with asyncio.timeout(120):
        while words not in program.log:
            assert program.is_running, program.log
            await asyncio.sleep(0.05)
    return program.log


def process_of(machine: str, log: str) -> int:
    return int(re.findall(rf"^  {machine} +(\d+) ", log, flags=re.MULTILINE)[0])


async def until_gone(processes: list[int]) -> None:
    async with asyncio.timeout(30):
        while any(map(is_alive, processes)):
            await asyncio.sleep(0.05)


async def test_machines_end_with_who_started_them_even_if_that_is_killed_and_they_are_frozen(tmp_path: Path) -> None:
    parent = Program([sys.executable, "-c", PARENT, str(tmp_path)], folder=ROOT, log=tmp_path / "parent.log")
    machines = [int(pid) for pid in (await said(parent, "\n")).split()]
    assert all(map(is_alive, machines))
    parent.kill()
    await until_gone(machines)


@pytest.mark.timeout(240)
@pytest.mark.skipif(not topology.can_run(), reason="the wheel with PostgreSQL exists for Python 3.11 to 3.13 only")
async def test_it_answers_starts_again_what_is_killed_and_leaves_nothing_after_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    size = ["--servers", "1", "--workers", "1", "--port", str(port)]
    command = [sys.executable, "-m", "scripts.cluster", *size]
    program = Program(command, folder=ROOT, log=tmp_path / "log", stop_signal=signal.SIGINT)
    log = await said(program, "console and API")
    folder = Path(re.findall(r"logs in (\S+)\)", log)[0])
    processes = living_below(folder)
    assert len(processes) >= 6, "PostgreSQL, the simulator, a server, a worker with its tool servers, the proxy"
    for machine in ("postgres", "worker-1"):
        os.kill(process_of(machine, log), signal.SIGKILL)
        await said(program, f"{machine} ended (killed by SIGKILL) and was started again as process ")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=False) as client:
        run = (await client.post("/api/runs", json={"input": "Write 12 words"})).json()
        events = await replay(client, run["run_id"])
        providers = (await client.get("/api/providers/status")).json()
        info = (await client.get("/api/info")).json()
    assert events[-1].data["text"].endswith("A promise without a deadline is a hope. Measure.")
    assert {name: shown["simulated"] for name, shown in providers.items()} == dict.fromkeys(providers, True)
    assert info["simulated"]
    processes = living_below(folder)
    assert await asyncio.to_thread(program.stop, seconds=60) == 0
    await until_gone(processes)
    assert not await asyncio.to_thread(folder.exists)


def test_what_a_killed_cluster_could_not_remove_the_next_one_removes() -> None:
    with topology.cluster_folder() as left:
        (left / "owner").write_text("999999999", encoding="ascii")
        with topology.cluster_folder():
            assert not left.exists()
