"""A streamable HTTP transport for the MCP client: the SDK's own, with our headers and limits, over one that is
fault-proof.

It cannot see by itself that a server is gone; whoever fails a call because of that tells the supervisor.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from mcp.client.streamable_http import streamable_http_client

from sentinel.clock import Clock
from sentinel.redaction import SHAPES_ONLY, Redactor
from sentinel.tools.config import ServerConfig
from sentinel.tools.filters.streams import AlteredStream
from sentinel.tools.transport.http_faults import FaultProofTransport
from sentinel.tools.transport.pacing import PacedTransport

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 300.0  # between two bytes of a stream; the deadline of a call is the guard's
_MAX_CONNECTIONS: Final = 100
_ENVELOPE_BYTES: Final = 65_536


class TlsContext:
    """The trusted certificates, loaded once and off the event loop: it takes longer than most calls."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._loading: asyncio.Task[ssl.SSLContext] | None = None

    async def get(self) -> ssl.SSLContext:
        """Return the context for all https sessions."""
        if self._loading is None or self._loading.cancelled():
            self._loading = asyncio.create_task(asyncio.to_thread(httpx2.create_ssl_context))
        return await asyncio.shield(self._loading)


class HttpTransport:
    """One session with one server; an async context manager that yields the client's two streams."""

    noise = 0
    shows_end = False
    is_blocked = False

    def __init__(
        self,
        config: ServerConfig,
        *,
        tls: TlsContext,
        max_event_bytes: int,
        clock: Clock,
        environment: Mapping[str, str],
        redactor: Redactor = SHAPES_ONLY,
    ) -> None:
        """Prepare to talk to `config.url`, through the proxy that `environment` names for https, if any."""
        self.redactor = redactor
        self._url = config.url or ""
        self._is_secure = self._url.startswith("https:")
        self._tls = tls
        self._config = config
        self._max_event_bytes = max_event_bytes
        self._clock = clock
        self._environment = environment
        self._stack = AsyncExitStack()
        self._wire: FaultProofTransport | None = None
        self._on_end: Callable[[], None] | None = None
        self._on_doubt: Callable[[], None] | None = None

    async def __aenter__(self) -> tuple[Any, Any]:
        """Open the HTTP client; nothing is sent yet."""
        async with AsyncExitStack() as stack:
            wire = self._wired(await self._certificates())
            client = await stack.enter_async_context(self._client(wire))
            reading, writing = await stack.enter_async_context(
                # Ours is the lower cap, and the one that says whose call it was.
                streamable_http_client(
                    self._url, http_client=client, max_sse_event_size=self._max_event_bytes + _ENVELOPE_BYTES
                )
            )
            self._stack = stack.pop_all()
        return AlteredStream(reading, wire.seal.opened), writing

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Close the session and its connections."""
        return await self._stack.__aexit__(kind, exc, trace)

    def opened(self) -> None:
        """Say that the session is in use: from now on a broken connection fails one call."""
        if self._wire is not None:
            self._wire.is_open = True

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back when `abort` is called: the only end that shows here."""
        self._on_end = callback

    def on_doubt(self, callback: Callable[[], None]) -> None:
        """Call back when the server may have gone."""
        self._on_doubt = callback

    def abort(self) -> None:
        """Say that this session is over."""
        if self._on_end is not None:
            self._on_end()

    @property
    def pid(self) -> None:
        """There is no process of ours behind it."""

    def describe_end(self) -> str:
        """Say how it ended."""
        return "the connection was lost"

    async def _certificates(self) -> ssl.SSLContext:
        return await self._tls.get() if self._is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def _wired(self, certificates: ssl.SSLContext) -> FaultProofTransport:
        self._wire = FaultProofTransport(
            httpx2.AsyncHTTPTransport(
                verify=certificates,
                trust_env=False,
                proxy=_proxy(self._url, self._environment) if self._is_secure else None,  # none for a server next door
                limits=httpx2.Limits(max_connections=_MAX_CONNECTIONS),
            ),
            max_bytes=self._max_event_bytes,
            clock=self._clock,
        )
        self._wire.on_doubt = self._doubt
        return self._wire

    def _client(self, wire: FaultProofTransport) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={"accept-encoding": "identity", **self._config.headers},
            timeout=httpx2.Timeout(_CONNECT_SECONDS, read=_READ_SECONDS),
            transport=PacedTransport(wire, clock=self._clock),
        )

    def _doubt(self) -> None:
        if self._on_doubt is not None:
            self._on_doubt()


def _proxy(url: str, environment: Mapping[str, str]) -> str | None:
    known = {name.lower(): value for name, value in environment.items()}
    proxy = known.get("https_proxy") or known.get("all_proxy")
    host = f".{urlsplit(url).hostname or ''}"
    exempt = [entry.strip().lstrip("*.") for entry in known.get("no_proxy", "").split(",") if entry.strip()]
    is_exempt = any(not entry or host.endswith(f".{entry}") for entry in exempt)  # `*` exempts everything
    return None if is_exempt or not proxy else proxy
