"""How often a server's streams are opened anew: the SDK's client obeys a `retry: 0`, and would ask hundreds of times a
second for as long as the session lives.
"""

import math
from typing import Final

import httpx2

from sentinel.clock import Clock

_GAP_SECONDS: Final = 1.0
_AT_ONCE: Final = 4
_LONGEST_WAIT_SECONDS: Final = 10.0


class PacedTransport(httpx2.AsyncBaseTransport):
    """Wraps another transport: a few GETs at once, which is what calls that go on need, then one a second."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, clock: Clock) -> None:
        """Pace the streams of one session."""
        self._inner = inner
        self._clock = clock
        self._due = -math.inf

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, a GET when it is due."""
        if request.method == "GET":
            await self._clock.sleep(self._wait())
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._inner.aclose()

    def _wait(self) -> float:
        now = self._clock.monotonic()
        due = max(self._due + _GAP_SECONDS, now - (_AT_ONCE - 1) * _GAP_SECONDS)
        self._due = min(due, now + _LONGEST_WAIT_SECONDS)  # those who have left the queue are no reason to wait longer
        return max(0.0, self._due - now)
