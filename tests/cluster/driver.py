"""The good client: asks again under the same key until it is answered, reads to the end, and remembers everything."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cluster.orders import Conversation, Habit, Order
from tests.cluster.reading import TRY_LATER, Reading, read_to_the_end

AGAIN_AFTER_SECONDS = 0.05
ASK_SECONDS = 180.0
_AT_ONCE = 10


class RefusedError(Exception):
    """A request was answered in a way that no retry mends."""


@dataclass
class Told:
    """One run as the driver saw it from outside."""

    order: Order
    thread_id: str
    run_id: str
    accepted_at: float
    readings: list[Reading] = field(default_factory=list)
    was_cancelled: bool = False
    ended_at: float | None = None


@dataclass
class Driver:
    """Has the conversations, some at a time. `told` has every run that was accepted, `complaints` what went wrong.

    `calm_since` tells since when nothing was harmed: a run may take `run_seconds` of peace.
    """

    client: httpx.AsyncClient
    run_seconds: float
    calm_since: Callable[[], float]
    told: list[Told] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def drive(self, conversations: Sequence[Conversation]) -> None:
        """Have all conversations to their end."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def in_turn(conversation: Conversation) -> None:
            async with places:
                await self.converse(conversation)

        async with asyncio.TaskGroup() as tasks:
            for conversation in conversations:
                tasks.create_task(in_turn(conversation))

    async def converse(self, conversation: Conversation, thread_id: str | None = None) -> None:
        """Ask one question after the other, each when the one before has ended; the first complaint ends it."""
        for order in conversation:
            before = len(self.complaints)
            try:
                told = await self.place(order, thread_id)
                thread_id = told.thread_id
                await self._in_time(told, asyncio.create_task(self._follow(told)))
            except* (RefusedError, TimeoutError) as group:
                self.complaints += [f"order {order.key} ({order.kind.name}): {error!r}" for error in group.exceptions]
            if len(self.complaints) > before:
                return

    async def _in_time(self, told: Told, following: asyncio.Task[None]) -> None:
        """Wait for the end of a run; raises TimeoutError if it does not come."""
        while not following.done():
            left = max(told.accepted_at, self.calm_since()) + self.run_seconds - time.monotonic()
            if left <= 0:
                following.cancel()
                message = f"run {told.run_id} did not end in {self.run_seconds:.0f} s of peace"
                raise TimeoutError(message)
            await asyncio.wait({following}, timeout=left)
        await following

    async def place(self, order: Order, thread_id: str | None) -> Told:
        """Ask until the question is accepted; the same key always leads to the same run.

        Raises:
            RefusedError: it was refused for good, or two requests of one key made two runs.
            TimeoutError: nobody took it.
        """
        copies = 2 if order.is_sent_twice else 1
        first, *others = await asyncio.gather(*(self.ask(order, thread_id) for _ in range(copies)))
        if any(other["run_id"] != first["run_id"] for other in others):
            message = f"one key made two runs: {first['run_id']}, {others[0]['run_id']}"
            raise RefusedError(message)
        told = Told(order, first["thread_id"], first["run_id"], time.monotonic())
        self.told.append(told)
        return told

    async def ask(self, order: Order, thread_id: str | None) -> dict[str, Any]:
        """Ask until there is an answer; raises RefusedError where it is not the acceptance."""
        body = {"input": order.text, "route": order.kind.name} | ({"thread_id": thread_id} if thread_id else {})
        headers = {"Idempotency-Key": order.key}
        response = await insist(lambda: self.client.post("/api/runs", json=body, headers=headers))
        if response.status_code != httpx.codes.ACCEPTED:
            raise RefusedError(response.text)
        answer: dict[str, Any] = response.json()
        return answer

    async def _follow(self, told: Told) -> None:
        present = [habit for habit in told.order.readers if habit is not Habit.LATE] or [Habit.STEADY]
        async with asyncio.TaskGroup() as tasks:
            readers = [tasks.create_task(read_to_the_end(self.client, told.run_id, habit)) for habit in present]
            if told.order.cancel_after:
                tasks.create_task(self._cancel(told))
        told.ended_at = time.monotonic()
        told.readings += [reader.result() for reader in readers]
        if Habit.LATE in told.order.readers:
            told.readings.append(await read_to_the_end(self.client, told.run_id, Habit.LATE))

    async def _cancel(self, told: Told) -> None:
        await self._until_it_speaks(told)
        response = await insist(lambda: self.client.post(f"/api/runs/{told.run_id}/cancel"))
        if response.status_code != httpx.codes.ACCEPTED:
            raise RefusedError(response.text)
        told.was_cancelled = True

    async def _until_it_speaks(self, told: Told) -> None:
        """Wait for so many events, as somebody else who looks at the run."""
        path = f"/api/runs/{told.run_id}/events"
        count = 0

        async def look() -> httpx.Response:
            nonlocal count
            async with self.client.stream("GET", path, headers={"Last-Event-ID": str(count)}) as response:
                if response.status_code == httpx.codes.OK:
                    async for line in response.aiter_lines():
                        count += line.startswith("id:")
                        if count >= (told.order.cancel_after or 0):
                            break
            return response

        await insist(look)


async def insist(ask: Callable[[], Awaitable[httpx.Response]], *, seconds: float = ASK_SECONDS) -> httpx.Response:
    """Ask again while nobody is there, or who is there says to come back later.

    Raises:
        TimeoutError: it never went better.
    """
    async with asyncio.timeout(seconds):
        while True:
            try:
                response = await ask()
            except httpx.TransportError:
                await asyncio.sleep(AGAIN_AFTER_SECONDS)
                continue
            if response.status_code not in TRY_LATER:
                return response
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
