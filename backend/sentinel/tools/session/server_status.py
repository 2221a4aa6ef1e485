"""How a tool server is doing, for operators, metrics and the log: words, without the machine behind them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sentinel.tools.outcome import Cause


class ServerState(StrEnum):
    """Whether a server's tools can be called."""

    CONNECTING = "connecting"
    READY = "ready"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One server as an operator sees it; `since` is when it came into this state."""

    name: str
    state: ServerState
    since: datetime
    tools: tuple[str, ...]
    """As last listed; they can be called while the state is READY."""
    last_error: str | None
    last_cause: Cause | None
    """The same in a word; None if there was no failure yet, or if we ended the session ourselves."""
    sessions: int
    """How many have been opened so far."""
    protocol_version: str | None
    pid: int | None
    is_refused: bool
    """The server does not accept our credential, and is asked again only much later."""
    last_error_at: datetime | None = None
    is_ending: bool = False
    """A session has ended by itself, and `last_error` does not yet say how: that shows when what is left is closed."""
    retry_at: datetime | None = None
    """When the next attempt is due; None unless it waits for that."""
