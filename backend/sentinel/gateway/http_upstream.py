"""A provider that speaks the OpenAI wire itself: requests over the shared pool of connections."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

from sentinel.errors import ProviderError
from sentinel.gateway.received import ReceivedResponse
from sentinel.providers.classification import from_exception
from sentinel.providers.kept_connections import stale_connection

# Compression would cost both sides time, and holds parts of a stream back.
_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}


_LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError)


@dataclass(slots=True)
class Connection:
    """What is known of the connection of one request. `was_kept`: it had served another one before."""

    was_kept: bool = False


def upstream_session(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    """Make the session that all upstreams share; it is closed by who asked for it, and the connector with it."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpUpstream:
    """`base_url` ends with the version of the API, `headers` hold the credential.

    `session` is an `upstream_session`, and is closed by its maker.
    """

    session: aiohttp.ClientSession
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @asynccontextmanager
    async def post(self, path: str, body: dict[str, Any], *, connect_seconds: float) -> AsyncIterator[ReceivedResponse]:
        """Send a request; leaving the context before the answer is read closes the connection.

        Raises:
            ProviderPoolError: it went over a kept connection, which the server closed without any answer.
        """
        connection = Connection()
        try:
            response = await self.session.post(
                f"{self.base_url}{path}",
                data=orjson.dumps(body),
                headers={**_HEADERS, **self.headers},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
                allow_redirects=False,
                trace_request_ctx=connection,
            )
        except _LOST as error:
            if connection.was_kept and not _has_begun(error):
                raise stale_connection(error) from error
            raise
        try:
            yield ReceivedResponse(response)
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what aiohttp raises."""
        return from_exception(error)
