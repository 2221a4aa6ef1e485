"""Readers of events that keep every byte, go away and come back with the number of the last event they have."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cluster.orders import Habit

TERMINAL = frozenset({"completion", "error"})
TRY_LATER = frozenset({502, 503, 504})
BACK_AFTER_SECONDS = 0.05
_SILENCE_SECONDS = 12.0
_STAYS_FOR_EVENTS = 6


@dataclass(frozen=True)
class Seen:
    """One event as it came: its bytes, and what they say."""

    raw: bytes
    type: str
    seq: int
    data: dict[str, Any]


@dataclass
class Reading:
    """What one reader has seen so far, over all its visits."""

    habit: str
    events: list[Seen] = field(default_factory=list)
    visits: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def last_seq(self) -> int:
        """The number of the newest event."""
        return self.events[-1].seq if self.events else 0

    @property
    def has_ended(self) -> bool:
        """Whether the terminal event has come."""
        return bool(self.events) and self.events[-1].type in TERMINAL

    def take(self, event: Seen) -> None:
        """Note an event; numbers have no gap and do not repeat, and nothing follows the end."""
        if event.seq != self.last_seq + 1:
            self.complaints.append(f"event {event.seq} came after event {self.last_seq}")
        if self.has_ended:
            self.complaints.append(f"{event.type} came after the end")
        self.events.append(event)


async def read_to_the_end(client: httpx.AsyncClient, run_id: str, habit: Habit) -> Reading:
    """Read until the terminal event, as often as it takes; the caller sets the deadline."""
    reading = Reading(habit.value)
    while not reading.has_ended and not reading.complaints:
        with suppress(httpx.TransportError):
            await _visit(client, run_id, reading, habit)
        await asyncio.sleep(BACK_AFTER_SECONDS)
    return reading


async def _visit(client: httpx.AsyncClient, run_id: str, reading: Reading, habit: Habit) -> None:
    reading.visits += 1
    stays_for = _STAYS_FOR_EVENTS * reading.visits if habit is Habit.LEAVING else None
    headers = {"Last-Event-ID": str(reading.last_seq)} if reading.events else {}
    timeout = httpx.Timeout(10, read=_SILENCE_SECONDS)
    async with client.stream("GET", f"/api/runs/{run_id}/events", headers=headers, timeout=timeout) as response:
        if response.status_code not in {httpx.codes.OK, *TRY_LATER}:
            reading.complaints.append(f"a reader got status {response.status_code}")
        if response.status_code != httpx.codes.OK:
            return
        async with aclosing(events_of(response)) as events:
            async for event in events:
                reading.take(event)
                if habit is Habit.SLOW:
                    await asyncio.sleep(0.02)  # it is what being slow means
                if stays_for is not None and len(reading.events) >= stays_for:
                    return


async def events_of(response: httpx.Response) -> AsyncGenerator[Seen, None]:
    """Give the events of a stream; a frame that is cut off and comments are left out."""
    rest = b""
    async for piece in response.aiter_raw():
        *whole, rest = (rest + piece).split(b"\r\n\r\n")
        for block in whole:
            event = _event(block)
            if event:
                yield event


def _event(block: bytes) -> Seen | None:
    fields = dict(line.split(b": ", 1) for line in block.split(b"\r\n") if line and not line.startswith(b":"))
    if b"data" not in fields:
        return None
    return Seen(block, fields[b"event"].decode(), int(fields[b"id"]), json.loads(fields[b"data"]))


async def replay(client: httpx.AsyncClient, run_id: str, *, after: int = 0) -> list[Seen]:
    """Read what is stored of a run that has ended, at one go."""
    async with client.stream("GET", f"/api/runs/{run_id}/events", params={"after": after}) as response:
        response.raise_for_status()
        return [event async for event in events_of(response)]


def text_of(events: list[Seen]) -> str:
    """Join the text that stands at the end: what `restarted` made void is dropped."""
    text: dict[int, str] = {}
    for event in events:
        if event.type == "token":
            text[event.seq] = event.data["text"]
        elif event.data.get("phase") == "restarted":
            void = event.data["discard_from_seq"]
            text = {seq: piece for seq, piece in text.items() if seq < void}
    return "".join(text.values())
