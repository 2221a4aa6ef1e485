"""Tickets in Redis: whoever asks is answered, whatever goes wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from sentinel.coordination.redis_link import RedisLink
from sentinel.coordination.redis_tickets import RedisTickets
from sentinel.errors import StoreUnavailableError


@dataclass
class BrokenLink:
    """A way to Redis that seems to be open, until something is asked."""

    failure: Exception
    is_up: bool = True

    async def run(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        raise self.failure


@pytest.mark.parametrize("failure", [StoreUnavailableError("away"), ZeroDivisionError()])
async def test_a_process_that_cannot_ask_goes_by_itself(failure: Exception) -> None:
    """Without an answer it would never ask again, and the circuit would stay open for good."""
    tickets = RedisTickets(cast("RedisLink", BrokenLink(failure)), namespace="test", author="me")
    answers: list[bool] = []
    tickets.ask("tool:a/b", 3.0, answers.append)
    tickets.give_back("tool:a/b")
    await tickets.aclose()
    assert answers == [True]
