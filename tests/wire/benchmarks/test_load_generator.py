"""The load generator against the mock provider, over real sockets: what it counts, and what it does not let pass."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from benchmarks._load import Job, Seen, perform
from benchmarks.gateway.contestants import Address
from benchmarks.gateway.rounds import Measure
from benchmarks.gateway.upstream import Upstream
from benchmarks.gateway.wire import BREAKING_MODEL, CUT_MODEL, FAILING_MODEL, GOOD_MODEL, Wish


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A mock provider."""
    asked: Counter[str] = Counter()
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(asked), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def job(port: int, model: str = GOOD_MODEL, *, is_stream: bool = True, limit: int = 6) -> Job:
    """A few requests over three connections."""
    measure = Measure(name="test", wish=Wish(tokens=30), is_stream=is_stream, connections=3, seconds=30)
    return measure.job(port, Address(model=model, headers={}), limit=limit)


async def outcome(wanted: Job) -> Seen:
    """Do a job."""
    async with asyncio.timeout(20):
        return await perform(wanted)


async def test_streams_are_counted_by_their_tokens(port: int) -> None:
    """Every answer has a time to its first token and a longest silence."""
    seen = await outcome(job(port))
    assert (seen.answers, seen.tokens, seen.errors) == (6, 180, 0)
    assert len(seen.first_token_ms) == len(seen.whole_ms) == len(seen.gaps_ms) == 6
    assert all(first <= whole for first, whole in zip(seen.first_token_ms, seen.whole_ms, strict=True))


async def test_plain_answers_are_counted(port: int) -> None:
    """One by one, over connections that stay open."""
    seen = await outcome(job(port, is_stream=False))
    assert (seen.answers, seen.errors) == (6, 0)


@pytest.mark.parametrize(
    ("model", "said"),
    [(FAILING_MODEL, "status 500"), (BREAKING_MODEL, "closed in mid-answer"), (CUT_MODEL, "closed in mid-answer")],
)
async def test_answers_that_are_not_whole_are_errors(port: int, model: str, said: str) -> None:
    """A gateway that breaks off politely must not look fast."""
    seen = await outcome(job(port, model, limit=3))
    assert (seen.answers, seen.errors) == (0, 3)
    assert said in seen.first_error


async def test_a_stream_with_tokens_missing_is_an_error(port: int) -> None:
    """Its end marker does not make it whole."""
    wanted = job(port, limit=1)
    seen = await outcome(Job(**{**{name: getattr(wanted, name) for name in wanted.__slots__}, "tokens": 31}))
    assert (seen.answers, seen.errors) == (0, 1)
    assert "30 tokens instead of 31" in seen.first_error
