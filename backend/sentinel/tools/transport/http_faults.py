"""An HTTP transport on which nothing that a server does can kill more than the one call it happens to.

The SDK's HTTP client ends a whole session when one connection breaks, and forgets status codes and `Retry-After`. It
does forward JSON-RPC errors, so here every fault becomes one, sealed as ours, for the request that met it.
"""

import json
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

import httpx2

from sentinel.clock import Clock
from sentinel.tools.outcome import Cause
from sentinel.tools.transport.event_stream import FOREIGN, EventStream, said_in
from sentinel.tools.transport.framing import CROWDED, is_crowded
from sentinel.tools.transport.own_faults import OwnFault, Seal, sane_delay
from sentinel.tools.transport.turns import in_turn

_ERROR_BODY_BYTES: Final = 65_536
_SESSION_HEADER: Final = "mcp-session-id"
_NOT_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class FaultProofTransport(httpx2.AsyncBaseTransport):
    """Wraps another transport. Until `is_open` is set, broken connections are raised: there is no session to save."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, max_bytes: int, clock: Clock) -> None:
        """Cap a JSON body, or one event of a stream, at `max_bytes`."""
        self._inner = inner
        self._max_bytes = max_bytes
        self._clock = clock
        self.seal = Seal()
        """By which the faults that are told from here are known."""
        self.is_open = False
        self.on_doubt: Callable[[], None] | None = None
        """Called when a stream of notifications ends, which may mean that the server has."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; a fault becomes an answer where the request expects one."""
        if request.method != "POST":
            response = await self._inner.handle_async_request(request)
            response.stream = _Watched(self._events(request, response), self._doubt)
            return response
        try:
            response = await self._inner.handle_async_request(request)
            checked = await self._judged(request, response)
        except httpx2.TransportError as exc:
            if not self.is_open:
                raise
            return _answered(request, _connection_fault(exc), self.seal)
        if isinstance(checked, OwnFault):
            await response.aclose()
            return _answered(request, checked, self.seal)
        return checked

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._inner.aclose()

    async def _judged(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response | OwnFault:
        """Check an answer; one that makes the check itself fail is none."""
        try:
            return await self._checked(request, response)
        except httpx2.TransportError:
            raise
        except Exception as exc:  # noqa: BLE001 -- raised any further, it would end the whole session
            return OwnFault(Cause.MALFORMED, f"an answer that cannot be read: {type(exc).__name__}")

    async def _checked(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response | OwnFault:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            return OwnFault(Cause.MALFORMED, "a compressed answer, which was not asked for")
        if response.is_redirect:
            return OwnFault(Cause.MALFORMED, _redirection(request, response))
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            return await self._refused(request, response, is_json=kind == "application/json")
        if kind == "application/json":
            return _to_this(request, await _buffered(response, self._max_bytes))
        if kind == "text/event-stream":
            response.stream = self._events(request, response)
            return response
        if _id_of(request) is not None:
            return OwnFault(Cause.MALFORMED, f"HTTP {response.status_code} with the content type {kind[:80]!r}")
        return response

    async def _refused(
        self, request: httpx2.Request, response: httpx2.Response, *, is_json: bool
    ) -> httpx2.Response | OwnFault:
        fault = _fault_of_status(request, response, self._clock)
        if fault is not None:
            return fault
        buffered = await _buffered(response, _ERROR_BODY_BYTES)
        is_said = is_json and isinstance(buffered, httpx2.Response) and _is_rpc_error(buffered.content)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_said:
            return OwnFault(Cause.SERVER_ERROR, f"HTTP {response.status_code}")
        return buffered

    def _events(self, request: httpx2.Request, response: httpx2.Response) -> EventStream:
        asked = _id_of(request)
        as_event = partial(self.seal.as_error, request_id=asked)
        fault_of_break = None if asked is None else _connection_fault
        return EventStream(
            _stream_of(response), cap=self._max_bytes, asked=asked, as_event=as_event, fault_of_break=fault_of_break
        )

    def _doubt(self) -> None:
        if self.on_doubt is not None:
            self.on_doubt()


class _Watched(httpx2.AsyncByteStream):
    """A stream of notifications whose end is told."""

    def __init__(self, inner: httpx2.AsyncByteStream, ended: Callable[[], None]) -> None:
        self._inner = inner
        self._ended = ended

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                yield chunk
        finally:
            self._ended()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _connection_fault(error: httpx2.TransportError) -> OwnFault:
    cause = Cause.CONNECT if isinstance(error, _NOT_SENT) else Cause.TRANSPORT
    return OwnFault(cause, f"{type(error).__name__}: {error}"[:300])


def _fault_of_status(request: httpx2.Request, response: httpx2.Response, clock: Clock) -> OwnFault | None:
    """Tell what a status means by itself, whatever the body says."""
    status, shown = response.status_code, f"HTTP {response.status_code}"
    delay = _delay(response.headers.get("retry-after"), clock)
    if status == HTTPStatus.UNAUTHORIZED:
        return OwnFault(Cause.AUTH, shown)
    if status == HTTPStatus.FORBIDDEN:
        return OwnFault(Cause.FORBIDDEN, shown)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return OwnFault(Cause.THROTTLED, shown, retry_after_seconds=delay)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and delay is not None:
        return OwnFault(Cause.OVERLOADED, shown, retry_after_seconds=delay)
    if status == HTTPStatus.NOT_FOUND and _SESSION_HEADER in request.headers:
        return OwnFault(Cause.SESSION_EXPIRED, shown)
    return None


def _delay(text: str | None, clock: Clock) -> float | None:
    """Read a `Retry-After`, which is a number of seconds or a date."""
    if text is None:
        return None
    try:
        return sane_delay(float(text) if text.strip().isdigit() else _until(text, clock))
    except Exception:  # noqa: BLE001 -- the parser of dates raises whatever befalls it
        return None


def _until(date: str, clock: Clock) -> float:
    return (parsedate_to_datetime(date) - clock.now()).total_seconds()


def _redirection(request: httpx2.Request, response: httpx2.Response) -> str:
    """Say where a call is sent to; it is not sent again, there or here, because it may have been carried out."""
    shown = f"HTTP {response.status_code}, the address redirects"
    try:
        target = request.url.join(response.headers["location"]).copy_with(userinfo=b"", query=None, fragment=None)
    except (httpx2.InvalidURL, LookupError, ValueError):
        return shown
    return f"{shown} to {str(target)[:200]}; configure that address if it is the right one"


def _is_rpc_error(body: bytes) -> bool:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and isinstance(parsed.get("error"), dict)


def _to_this(request: httpx2.Request, answer: httpx2.Response | OwnFault) -> httpx2.Response | OwnFault:
    """Let no answer through that is to another request: the SDK would give it to whoever waits for that."""
    asked = _id_of(request)
    if asked is None or isinstance(answer, OwnFault):
        return answer
    said = said_in(answer.content)
    return answer if said is None or said.answers(asked) else OwnFault(Cause.MALFORMED, FOREIGN)


def _id_of(request: httpx2.Request) -> Any:
    """Give the id of the JSON-RPC request that is sent; None for a notification."""
    try:
        message = json.loads(request.content)
    except (ValueError, httpx2.StreamError):
        return None
    return message.get("id") if isinstance(message, dict) and "method" in message else None


def _answered(request: httpx2.Request, fault: OwnFault, seal: Seal) -> httpx2.Response:
    request_id = _id_of(request)
    if request_id is None:
        return httpx2.Response(HTTPStatus.ACCEPTED, request=request)  # a notification that was lost is not missed
    headers = {"content-type": "application/json"}
    return httpx2.Response(
        HTTPStatus.BAD_GATEWAY, headers=headers, content=seal.as_error(fault, request_id), request=request
    )


async def _buffered(response: httpx2.Response, cap: int) -> httpx2.Response | OwnFault:
    """Read a body as a whole, so that one that is cut is no answer, and one over the cap is not kept."""
    body = bytearray()
    async for chunk in in_turn(_stream_of(response)):
        body += chunk
        if len(body) > cap:
            return OwnFault(Cause.OVERSIZE, f"a body over {cap} bytes", executed="yes")
    if is_crowded(body):
        return OwnFault(Cause.OVERSIZE, CROWDED, executed="yes")
    await response.aclose()
    headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"transfer-encoding"]
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body))


def _stream_of(response: httpx2.Response) -> httpx2.AsyncByteStream:
    return cast("httpx2.AsyncByteStream", response.stream)
