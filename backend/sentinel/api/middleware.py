"""What every HTTP exchange passes: a request id, its time, a limit on the body, and a check of Host and Origin.

Plain ASGI, because wrapping responses in anything else would buffer the event streams.
"""

import re
import time
import uuid
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel.api.problems import MCP, refusal
from sentinel.errors import BodyTooLargeError, HostForbiddenError, OriginForbiddenError
from sentinel.telemetry.logging import get_logger, log_context

logger = get_logger(__name__)

_VALID_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestIdMiddleware:
    """Gives every exchange an id (the caller's own if it is valid) and says how long it took until the headers.

    The last to see an error that nobody expected: it is logged, and told to the caller without its text.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _VALID_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                took = f"{(time.perf_counter() - began) * 1000:.2f}ms".encode()
                own = ((b"x-request-id", request_id.encode()), (b"x-response-time", took))
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        try:
            with log_context(request_id=request_id):
                await self._app(scope, receive, send_with_headers)
        except Exception:
            logger.exception("request_crashed", path=scope["path"], trace_id=request_id)
            if has_started:
                raise  # the server cuts the connection, so that half an answer is not taken for a whole one
            detail = "an unexpected error; the server's log has the details under this trace_id"
            await refusal(scope, "internal_error", detail)(scope, receive, send_with_headers)


class GuardMiddleware:
    """Answers only for its own hosts, and lets only its own pages change state.

    A page of another origin can send a request to a server on loopback; it cannot forge `Origin` and `Host`.
    Programs that send no `Origin` are not browsers and are let through. `*` among the hosts is any: where
    whoever stands in front has looked at it.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._fault(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        code, detail = found
        response = refusal(scope, code, detail)
        await response(scope, receive, send)

    def _fault(self, scope: Scope) -> tuple[str, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if "*" not in self._allowed and _host_name(f"//{host}") not in self._allowed:
            return HostForbiddenError.code, f"this server does not answer for host {host!r}"
        origin = headers.get("origin")
        is_safe = scope["method"] in _SAFE_METHODS and not scope["path"].startswith(MCP)  # MCP checks every connection
        if is_safe or origin is None:
            return None
        if _netloc(origin) != host:
            return OriginForbiddenError.code, f"pages of {origin!r} may not change anything here"
        return None


class GatewayMiddleware:
    """Hands a gateway, `name` in the app's state, its part before the API's routes are tried one after the other."""

    def __init__(self, app: ASGIApp, *, prefix: str, name: str) -> None:
        self._app = app
        self._prefix = prefix
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{self._prefix}/"):
            await self._app(scope, receive, send)
            return
        below = {**scope, "root_path": scope.get("root_path", "") + self._prefix}
        await getattr(scope["app"].state, self._name)(below, receive, send)


class BodyLimitMiddleware:
    """Refuses bodies over the limit, announced or not, before they are read into memory."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                # FastAPI turns any other exception that it meets while reading a body into a 400.
                raise HTTPException(413, _too_large(self._max_bytes).message)
            return message

        return counted

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = _too_large(self._max_bytes)
        response = refusal(scope, error.code, error.message)
        await response(scope, receive, send)


def _too_large(max_bytes: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"the body is over the limit of {max_bytes} bytes")


def _netloc(url: str) -> str | None:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
