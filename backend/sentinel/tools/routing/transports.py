"""Which transport leads to a server: pipes to a program that we start, or HTTP to an address."""

from collections.abc import Mapping

from sentinel.clock import Clock
from sentinel.tools.config import ToolsConfig
from sentinel.tools.transport.http import HttpTransport, TlsContext
from sentinel.tools.transport.server_transport import ServerTransport
from sentinel.tools.transport.stdio import StdioTransport

# A result comes twice, as text and structured, and each may need escapes; plus the envelope.
_LINE_FACTOR, _LINE_ENVELOPE = 4, 65_536


class Transports:
    """Makes the transports to all configured servers, one for each session."""

    def __init__(self, config: ToolsConfig, *, environment: Mapping[str, str], clock: Clock) -> None:
        """Make none yet. `environment` is our own, of which servers get a small part."""
        self._config = config
        self._environment = environment
        self._clock = clock
        self._tls = TlsContext()

    def make(self, name: str) -> ServerTransport:
        """Give a new transport to a server, which is not yet open."""
        server = self._config.servers[name]
        cap = _LINE_FACTOR * self._config.largest_result_bytes(name) + _LINE_ENVELOPE
        if server.url:
            return HttpTransport(
                server,
                tls=self._tls,
                max_event_bytes=cap,
                clock=self._clock,
                environment=self._environment,
                redactor=self._config.redactor,
            )
        return StdioTransport(
            server, environment=self._environment, clock=self._clock, line_cap=cap, redactor=self._config.redactor
        )
