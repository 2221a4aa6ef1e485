"""What a caller of `/v1` is told, as raw messages."""

from typing import Any

import pytest

from sentinel.errors import IdempotencyConflictError, RequestError, SentinelError, ShuttingDownError
from sentinel.gateway.responses import Responder


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ShuttingDownError("the server is stopping"), {b"retry-after": b"1"}),
        (IdempotencyConflictError("another request had that key"), {b"x-should-retry": b"false"}),
        (RequestError("no messages"), {}),
    ],
)
async def test_a_refusal_says_whether_and_when_to_ask_again(error: SentinelError, advice: dict[bytes, bytes]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await Responder(send).refuse(error)
    headers = dict(sent[0]["headers"])
    told = {name: headers[name] for name in (b"retry-after", b"x-should-retry") if name in headers}
    assert told == advice
