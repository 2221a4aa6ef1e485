"""What a session asks of the transport to its server, whichever it is."""

from collections.abc import Callable
from typing import Protocol

from mcp.client import Transport

from sentinel.redaction import Redactor


class ServerTransport(Transport, Protocol):
    """A transport that can be watched and cut."""

    noise: int
    """Messages received that were none."""
    redactor: Redactor
    """What knows the secrets that the server was given, and may say again."""
    shows_end: bool
    """Whether it notices by itself that the server is gone."""

    @property
    def is_blocked(self) -> bool:
        """Whether the server does not take what is sent to it."""
        ...

    @property
    def pid(self) -> int | None:
        """The id of the server's process, if it is ours."""
        ...

    def opened(self) -> None:
        """Say that the session is in use."""
        ...

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back in the moment the session can go no further."""
        ...

    def on_doubt(self, callback: Callable[[], None]) -> None:
        """Call back when the server may have gone."""
        ...

    def abort(self) -> None:
        """Cut the session now; may be called at any time and more than once."""
        ...

    def describe_end(self) -> str:
        """Say how it ended, for operators."""
        ...
