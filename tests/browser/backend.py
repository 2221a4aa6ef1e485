"""What a browser test asks the server behind the page's back: what is stored, and back to how it was."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.server import Server

_BOUND_SECONDS = 20.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Backend:
    """One server, and a client of its API."""

    server: Server
    http: httpx.AsyncClient

    @property
    def url(self) -> str:
        """Where the console is."""
        return self.server.url

    async def get(self, path: str) -> Any:
        """Give the JSON at a path of the API."""
        response = await self.http.get(f"/api{path}")
        return response.raise_for_status().json()

    async def messages(self, thread_id: str) -> list[dict[str, Any]]:
        """Give the messages of a thread as they are stored."""
        items: list[dict[str, Any]] = (await self.get(f"/threads/{thread_id}/messages"))["items"]
        return items

    async def answers(self, thread_id: str) -> list[str]:
        """Give the texts of the stored answers of a thread."""
        return [message["text"] for message in await self.messages(thread_id) if message["role"] == "assistant"]

    async def run_of(self, thread_id: str) -> dict[str, Any]:
        """Give the run of the newest answer of a thread."""
        run: dict[str, Any] = (await self.messages(thread_id))[-1]["run"]
        return run

    async def tool_server(self, name: str, *, state: str = "ready", sessions: int = 1) -> dict[str, Any]:
        """Wait until a tool server is in a state and has had so many sessions; gives it.

        Raises:
            TimeoutError: it has not come to that in time.
        """
        async with asyncio.timeout(_BOUND_SECONDS):
            while True:
                servers = (await self.get("/tools"))["servers"]
                found: dict[str, Any] = next(each for each in servers if each["name"] == name)
                if found["state"] == state and found["sessions"] >= sessions:
                    return found
                await asyncio.sleep(_POLL_SECONDS)

    async def new_thread(self, title: str) -> str:
        """Make an empty conversation; its id."""
        response = await self.http.post("/api/threads", json={"title": title})
        return str(response.raise_for_status().json()["thread_id"])

    async def clean(self) -> None:
        """Stop and delete everything, switch everything off."""
        for status in ("running", "queued"):
            for run in (await self.get(f"/runs?status={status}"))["items"]:
                await self.http.post(f"/api/runs/{run['run_id']}/cancel")
                await self.http.get(run["events_url"])  # ends with the run
        for switch in (await self.get("/chaos"))["kill_switches"]:
            if switch["active"]:
                await self.http.put(f"/api/chaos/kill-switch/{switch['target']}", json={"active": False})
        for breaker in (await self.get("/breakers"))["items"]:
            if breaker["state"] != "closed" or breaker["failures"]:
                await self.http.post("/api/breakers/reset", json={"key": breaker["key"]})
        for thread in (await self.get("/threads?limit=100"))["items"]:
            await self.http.delete(f"/api/threads/{thread['thread_id']}")
