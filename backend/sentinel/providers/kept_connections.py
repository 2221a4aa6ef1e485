"""Connections that were kept for the next request and that the server closed meanwhile: httpx and httpx2.

Both look at a kept connection before they use it, but the server may close it while the request is on its way. Then
nothing of an answer comes, and nothing is wrong with the provider. The libraries' trace tells such a request from one
whose own, new connection broke.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from sentinel.errors import ProviderPoolError

_TRACE: Final = "trace"


class Request(Protocol):
    """A request of either library."""

    extensions: Mapping[str, Any]


class ConnectionTrace:
    """What happened to one request; a callback of the libraries."""

    def __init__(self) -> None:
        self._has_connected = False
        self._has_answer = False

    async def __call__(self, event: str, _: Mapping[str, Any]) -> None:
        """Take one event, such as `connection.connect_tcp.started`."""
        self._has_connected = self._has_connected or ".connect_" in event
        self._has_answer = self._has_answer or event.endswith(".receive_response_headers.complete")

    @property
    def is_unanswered(self) -> bool:
        """Whether the request went over a kept connection, and no head of an answer came."""
        return not (self._has_connected or self._has_answer)


async def trace_connection(request: Request) -> None:
    """Trace a request; made to be a request hook."""
    request.extensions = {**request.extensions, _TRACE: ConnectionTrace()}


def was_kept(chain: Iterable[BaseException]) -> bool:
    """Tell whether a connection that broke was a kept one, and nothing of an answer had come."""
    return any(trace.is_unanswered for link in chain if (trace := _trace_of(link)) is not None)


def stale_connection(error: BaseException) -> ProviderPoolError:
    """Make the error for a kept connection that was closed."""
    text = str(error) or type(error).__name__
    return ProviderPoolError(f"the server had closed a kept connection: {text}", cause="stale_connection")


def _trace_of(link: BaseException) -> ConnectionTrace | None:
    request = vars(link).get("_request")  # not the property: it raises where there is none
    found = getattr(request, "extensions", {}).get(_TRACE)
    return found if isinstance(found, ConnectionTrace) else None
