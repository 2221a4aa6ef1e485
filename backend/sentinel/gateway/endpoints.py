"""The gateway's addresses as a raw ASGI application, mounted at `/v1`."""

import asyncio
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from sentinel.errors import BodyTooLargeError, SentinelError
from sentinel.gateway.completions import Asked, Completions
from sentinel.gateway.open_calls import OpenCalls
from sentinel.gateway.outgoing import CallerGoneError
from sentinel.gateway.repeats import Repeats
from sentinel.gateway.responses import Responder

_SHOWN = 100  # characters of what a caller made up
_POSTS = {"/chat/completions": Completions.chat, "/embeddings": Completions.embeddings}


@dataclass(frozen=True, kw_only=True)
class GatewayApp:
    """Serves `/v1`. A caller who leaves ends the work for it, and with it the upstream connection."""

    completions: Completions
    repeats: Repeats
    open_calls: OpenCalls
    models: list[dict[str, Any]]
    max_body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        respond = Responder(send)
        path = scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/")
        serve = _POSTS.get(path)
        if serve is None or scope["method"] != "POST":
            await self._look_up(scope["method"], path, respond)
            return
        try:
            raw = await self._body(receive)
            asked = Asked(raw=raw, headers=Headers(scope=scope), respond=respond, trace_id=_trace_id(scope))
            answer = partial(serve, self.completions)
            await _until_caller_leaves(self.open_calls.begin(self.repeats.serve(path, asked, answer)), receive)
        except CallerGoneError:
            return
        except SentinelError as error:
            await respond.refuse(error)

    async def _look_up(self, method: str, path: str, respond: Responder) -> None:
        if path == "/models" and method == "GET":
            await respond.whole(200, orjson.dumps({"object": "list", "data": self.models}))
            return
        name = path.removeprefix("/models/")
        found = next((model for model in self.models if model["id"] == name), None)
        if found is not None and method == "GET":
            await respond.whole(200, orjson.dumps(found))
        elif path in _POSTS or path == "/models" or found is not None:
            allowed = [(b"allow", b"POST" if path in _POSTS else b"GET")]
            await respond.error("method_not_allowed", f"{method} is not allowed for /v1{path}", headers=allowed)
        else:
            await respond.error("not_found", f"there is nothing at /v1{path[:_SHOWN]}")

    async def _body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.max_body_bytes:
                text = f"the body is over the limit of {self.max_body_bytes} bytes"
                raise BodyTooLargeError(text)
            if not message.get("more_body"):
                return b"".join(parts)


def _trace_id(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id") or uuid.uuid4().hex)


async def _until_caller_leaves(task: asyncio.Task[None], receive: Receive) -> None:
    """Wait for the work, but no longer than there is somebody to do it for."""
    leaving = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
