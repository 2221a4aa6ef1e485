"""Connections that are kept for the next request, and closed by the server before it comes."""

from collections.abc import AsyncIterator

import pytest

from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome
from tests.support.forgetful_server import ForgetfulServer
from tests.support.wire_paths import ALL_PATHS, WirePaths, wire_paths
from tests.wire.kept_answers import good_answer


@pytest.fixture
async def paths() -> AsyncIterator[WirePaths]:
    async with wire_paths() as opened:
        yield opened


async def twice(paths: WirePaths, path: str, server: ForgetfulServer) -> Attempt:
    """Ask once well, and give what becomes of the second request over the same connection."""
    first = await paths.attempt(path, server.url)
    assert first.outcome is Outcome.SUCCESS, first.detail
    second = await paths.attempt(path, server.url)
    assert (server.requests, server.connections) == (2, 1), "no library repeats a request by itself"
    return second


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("path", ALL_PATHS)
async def test_one_that_was_closed_meanwhile_blames_nobody_and_may_be_repeated(
    paths: WirePaths, path: str, resets: bool
) -> None:
    async with ForgetfulServer(good_answer(path), resets=resets).running() as server:
        attempt = await twice(paths, path, server)
        assert (attempt.cause, attempt.outcome) == ("stale_connection", Outcome.NEUTRAL), attempt.detail
        assert (attempt.may_repeat, attempt.final) == (True, False)
        again = await paths.attempt(path, server.url)
    assert again.outcome is Outcome.SUCCESS
    assert server.connections == 2


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_new_connection_that_breaks_is_lost(paths: WirePaths, path: str, resets: bool) -> None:
    async with ForgetfulServer(b"", answers=0, resets=resets).running() as server:
        attempt = await paths.attempt(path, server.url)
    assert (attempt.cause, attempt.outcome) == ("connection_lost", Outcome.FAILURE)


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_kept_connection_that_breaks_in_the_answer_is_lost(paths: WirePaths, path: str) -> None:
    """Its head had come, so the request was at work there."""
    parting = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
    async with ForgetfulServer(good_answer(path), parting=parting).running() as server:
        attempt = await twice(paths, path, server)
    assert attempt.outcome is Outcome.FAILURE, attempt.cause


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_one_that_was_closed_long_before_is_not_even_tried(paths: WirePaths, path: str) -> None:
    """Libraries look at a connection before they use it; nothing has to be repeated then."""
    closing = good_answer(path).replace(b"connection: keep-alive", b"connection: close")
    async with ForgetfulServer(closing).running() as server:
        outcomes = [(await paths.attempt(path, server.url)).outcome for _ in range(2)]
    assert outcomes == [Outcome.SUCCESS] * 2
    assert (server.requests, server.connections) == (2, 2)
