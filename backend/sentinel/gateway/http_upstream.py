"""A provider that speaks the OpenAI wire itself: requests over the shared pool of connections."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import orjson

from sentinel.errors import ProviderError
from sentinel.gateway.received import ReceivedResponse
from sentinel.providers.classification import from_exception
from sentinel.providers.kept_connections import stale_connection

# Compression would cost both sides time, and holds parts of a stream back.
_HEADERS: Final = {"content-type": "application/json", "accept-encoding": "identity"}
_KEEPALIVE_SECONDS: Final = 60.0
_DISTRUST_SECONDS: Final = 1.0
_LOST: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError)


@dataclass(slots=True)
class Connection:
    """What is known of the connection of one request. `was_kept`: it had served another one before."""

    was_kept: bool = False


@dataclass(frozen=True, slots=True)
class UpstreamSessions:
    """What all upstreams share: a session that keeps connections for the next request, and one that never does."""

    kept: aiohttp.ClientSession
    fresh: aiohttp.ClientSession


@asynccontextmanager
async def upstream_sessions(*, tls: ssl.SSLContext | bool = True) -> AsyncIterator[UpstreamSessions]:
    """Open the sessions as long as the context is open; `tls` is aiohttp's `ssl`."""
    kept = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS, ssl=tls)
    fresh = aiohttp.TCPConnector(limit=0, force_close=True, ssl=tls)
    async with _session(kept) as keeping, _session(fresh) as dialling:
        yield UpstreamSessions(keeping, dialling)


def _session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    reuse = aiohttp.TraceConfig()
    reuse.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),  # callers share the connections, and must share nothing else
        trace_configs=[reuse],
    )


async def _note_reuse(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.was_kept = True


def _has_begun(error: Exception) -> bool:
    """Whether a part of an answer's head had come."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


@dataclass(slots=True, kw_only=True)
class HttpUpstream:
    """`base_url` ends with the version of the API, `headers` hold the credential.

    A server that closed one kept connection has most likely closed them all, so for a moment all requests go over new
    ones: among them the repeat of the request that met it.
    """

    sessions: UpstreamSessions
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _dials_until: float = 0.0

    @asynccontextmanager
    async def post(self, path: str, body: dict[str, Any], *, connect_seconds: float) -> AsyncIterator[ReceivedResponse]:
        """Send a request; leaving the context before the answer is read closes the connection.

        Raises:
            ProviderPoolError: it went over a kept connection, which the server closed without any answer.
        """
        connection = Connection()
        try:
            response = await self._session_for_next().post(
                f"{self.base_url}{path}",
                data=orjson.dumps(body),
                headers={**_HEADERS, **self.headers},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
                allow_redirects=False,
                trace_request_ctx=connection,
            )
        except _LOST as error:
            if connection.was_kept and not _has_begun(error):
                self._dials_until = asyncio.get_running_loop().time() + _DISTRUST_SECONDS
                raise stale_connection(error) from error
            raise
        try:
            yield ReceivedResponse(response)
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    def _session_for_next(self) -> aiohttp.ClientSession:
        is_sure = asyncio.get_running_loop().time() >= self._dials_until
        return self.sessions.kept if is_sure else self.sessions.fresh

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what aiohttp raises."""
        return from_exception(error)
