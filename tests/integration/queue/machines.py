"""Several Sentinels on one PostgreSQL database, as the processes that they are: servers, workers, one simulator."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from scripts.cluster import sentinels
from scripts.cluster.neighbours import SharedSimulator
from tests.support.bounded import bounded
from tests.support.server import NO_TOOLS
from tests.support.sse import Frame, frames, read_events

_END_SECONDS = 60.0
WORDS = 400


class Sentinel(sentinels.Sentinel):
    """One `sentinel serve` or `sentinel worker`, without tool servers, and what it says of itself."""

    async def ready(self) -> "Sentinel":
        """Start the process, and wait until it is ready."""
        (self.folder / "sentinel.yaml").write_text(NO_TOOLS, encoding="utf-8")
        self.launch()
        await asyncio.to_thread(self.wait_until_ready)
        return self

    async def health(self) -> dict[str, Any]:
        """What it says of itself."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5, verify=False) as http:
            answer: dict[str, Any] = (await http.get("/health")).json()
            return answer

    async def figure(self, name: str, **labels: str) -> float:
        """One sample of its metrics."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5, verify=False) as http:
            text = (await http.get("/metrics")).text
        wanted = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else ""
        found = re.search(rf"^{re.escape(name + wanted)} (\S+)$", text, re.MULTILINE)
        assert found, f"{name}{wanted} is not in\n{text}"
        return float(found[1])


class Machines:
    """Starts processes on one database, and speaks to their API as a browser does."""

    def __init__(self, database: str, simulator: SharedSimulator, new_folder: Callable[[], Path]) -> None:
        """All processes use `database` and `simulator`; each gets a folder of its own."""
        self._environment = {
            "DATABASE_URL": database,
            "OPENAI_API_KEY": "sk-simulated",
            "OPENAI_BASE_URL": simulator.openai_url,
            "OPENAI_MODEL": "sim-large",
        }
        self._new_folder = new_folder
        self._made: list[Sentinel] = []

    async def worker(self, **environment: str) -> Sentinel:
        """Start a worker."""
        return await self._start("worker", environment)

    async def api(self, **environment: str) -> Sentinel:
        """Start a server that works on no run itself, unless it is told otherwise."""
        return await self._start("serve", {"SENTINEL_EMBEDDED_WORKER": "off"} | environment)

    async def refused(self, command: str, **environment: str) -> tuple[int, str]:
        """Start a process that must refuse to start; its exit code and what it says."""
        process = self._process(command, environment)
        process.launch()
        return await asyncio.to_thread(process.program.wait, seconds=_END_SECONDS), process.log

    @asynccontextmanager
    async def client(self, server: Sentinel) -> AsyncIterator["Client"]:
        """Speak to one of them."""
        async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
            yield Client(http, self._environment["DATABASE_URL"])

    def close(self) -> None:
        """Stop all that still run."""
        for each in self._made:
            if each.program.is_running:
                each.kill()

    async def _start(self, command: str, environment: Mapping[str, str]) -> Sentinel:
        return await self._process(command, environment).ready()

    def _process(self, command: str, environment: Mapping[str, str]) -> Sentinel:
        own = {**self._environment, **environment}
        process = Sentinel(self._new_folder(), own, words=[command], name=command)
        self._made.append(process)
        return process


class House:
    """A server that works on no run itself, and two workers, on one database."""

    def __init__(self, machines: Machines) -> None:
        """Nothing is started before `open`."""
        self.machines = machines
        self.workers: list[Sentinel] = []
        self._apis: list[Sentinel] = []

    @property
    def api(self) -> Sentinel:
        """The server."""
        return self._apis[0]

    async def open(self) -> None:
        """Start what does not run."""
        self.workers = [worker for worker in self.workers if worker.program.is_running]
        missing = [self.machines.worker() for _ in range(2 - len(self.workers))]
        servers = [] if self._apis else [self.machines.api()]
        started = await asyncio.gather(*missing, *servers)
        self.workers += started[: len(missing)]
        self._apis += started[len(missing) :]

    def holder(self, owner: str) -> Sentinel:
        """The worker that an owner in the database is."""
        (found,) = [worker for worker in self.workers if str(worker.program.pid) in owner]
        return found


class Client:
    """What a browser does with one server."""

    def __init__(self, http: httpx.AsyncClient, database: str) -> None:
        """Ask over `http`; `database` is the address of what lies behind."""
        self.http = http
        self.database = database

    async def ask(self, words: int = WORDS, **more: Any) -> str:
        """Ask for an answer of about so many words; the id of the run."""
        body = {"input": f"Explain circuit breakers in a long answer of {words} words", **more}
        response = await self.http.post("/api/runs", json=body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        return str(response.json()["run_id"])

    async def read_some(self, run_id: str, tokens: int) -> list[Frame]:
        """Read until so many tokens have come, and leave."""
        seen: list[Frame] = []
        async with asyncio.timeout(30), self.http.stream("GET", f"/api/runs/{run_id}/events") as response:
            async for frame in frames(response):
                seen.append(frame)
                if sum(each.event == "token" for each in seen) == tokens:
                    break
        return seen

    async def read_all(self, run_id: str, *, seconds: float = 45.0) -> list[Frame]:
        """Read the whole log, to its end."""
        return await bounded(read_events(self.http, f"/api/runs/{run_id}/events"), seconds)

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as the API shows it."""
        answer: dict[str, Any] = (await self.http.get(f"/api/runs/{run_id}")).json()
        return answer


def text_of(events: list[Frame]) -> str:
    """What a reader holds, by the rule of `docs/events.md`."""
    held: list[tuple[int, str]] = []
    for event in events:
        if event.event == "token":
            held.append((event.data["seq"], event.data["text"]))
        elif event.data.get("phase") == "restarted":
            held = [(seq, text) for seq, text in held if seq < event.data["discard_from_seq"]]
    return "".join(text for _, text in held)


def assert_whole(events: list[Frame], *, ending: str = "completion") -> None:
    """Hold a log to what every reader relies on: no gap, one end, and the text that was sent."""
    assert [event.id for event in events] == [str(number) for number in range(1, len(events) + 1)]
    assert [event.event for event in events if event.event in {"completion", "error"}] == [ending]
    assert events[-1].event == ending
    if ending == "completion":
        assert text_of(events) == events[-1].data["text"]


def phases(events: list[Frame]) -> list[str]:
    """The phases of the status events."""
    return [event.data["phase"] for event in events if event.event == "status"]
