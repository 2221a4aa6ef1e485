"""What is remembered of answers: for how long, how many, and how large."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers

from sentinel.gateway.completions import Asked
from sentinel.gateway.repeats import Repeats
from sentinel.gateway.responses import Responder
from sentinel.testing.clock import FakeClock


class Counted:
    """Answers with bodies of so many bytes, and counts how often it was asked."""

    def __init__(self, repeats: Repeats) -> None:
        self.repeats = repeats
        self.asked = 0

    async def ask(self, key: str, *, size: int = 10) -> bool:
        """Ask under a key; gives whether somebody had to answer."""
        before = self.asked
        sent: list[MutableMapping[str, Any]] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        async def serve(asked: Asked) -> bool:
            self.asked += 1
            await asked.respond.whole(200, b"x" * size)
            return True

        headers = Headers({"Idempotency-Key": key})
        request = Asked(raw=b"{}", headers=headers, respond=Responder(send), trace_id="t-1")
        await self.repeats.serve("/chat/completions", request, serve)
        assert sent[-1]["body"] == b"x" * size
        return self.asked > before


def counted(**limits: Any) -> tuple[Counted, FakeClock]:
    clock = FakeClock()
    return Counted(Repeats(clock=clock, **{"window_seconds": 60.0, **limits})), clock


async def test_an_answer_is_forgotten_when_its_window_is_over() -> None:
    provider, clock = counted()
    assert await provider.ask("a")
    clock.advance(59)
    assert not await provider.ask("a")
    clock.advance(1)
    assert await provider.ask("a")


async def test_the_oldest_answers_are_forgotten_when_there_are_too_many() -> None:
    provider, _ = counted(max_answers=2)
    for key in "abc":
        assert await provider.ask(key)
    assert [await provider.ask(key) for key in "cb"] == [False, False]
    assert await provider.ask("a")


async def test_the_oldest_answers_are_forgotten_when_they_are_too_large_together() -> None:
    provider, _ = counted(max_bytes=100)
    for key in "ab":
        await provider.ask(key, size=40)
    assert not await provider.ask("a", size=40)
    assert await provider.ask("c", size=40)
    assert [await provider.ask(key, size=40) for key in "bc"] == [False, False]
    assert await provider.ask("a", size=40)


async def test_what_is_too_large_by_itself_costs_the_others_nothing() -> None:
    provider, _ = counted(max_answer_bytes=50, max_bytes=100)
    await provider.ask("a", size=50)
    assert await provider.ask("large", size=51)
    assert await provider.ask("large", size=51)
    assert not await provider.ask("a", size=50)
