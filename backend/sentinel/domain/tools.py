"""What is kept of tools between two starts: the definitions that are trusted, and the calls that were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

from sentinel.domain.messages import Page
from sentinel.domain.runs import ToolCall
from sentinel.errors import Outcome

CallOrigin = Literal["run", "mcp"]
"""Where a call of a tool comes from: a run, or an agent outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPin:
    """The definition of one tool as it is trusted, and as it is.

    `digest` is the SHA-256 of the trusted definition, empty while none is; `seen_digest` that of the last one seen, by
    whichever process. A tool that is another waits for an approval. `approved_by` is None for what was trusted at first
    sight.
    `facts` is what the trusted definition says; None while none is, and where it was trusted before that was kept.
    """

    server: str
    tool: str
    digest: str
    seen_digest: str
    first_seen_at: datetime
    changed_at: datetime
    approved_at: datetime | None = None
    approved_by: str | None = None
    facts: Mapping[str, str] | None = None

    @property
    def key(self) -> "PinKey":
        """Which tool it is of."""
        return self.server, self.tool

    def trusts(self, digest: str) -> bool:
        """Tell whether a definition is the one that is trusted."""
        return self.digest == digest


PinKey: TypeAlias = tuple[str, str]
"""A server and its own name of one of its tools."""


CANCELLED: Final = "cancelled"
"""The cause of a call whose caller left before it was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCall:
    """A call that came to the guard of a tool, when it is over; for those who only watch.

    `cause` is None for a result. `was_sent` tells whether it was sent to the tool's server.
    """

    server: str
    tool: str
    outcome: Outcome
    cause: str | None
    duration_ms: float
    was_sent: bool
    origin: CallOrigin


class ToolPinStore(Protocol):
    """Keeps the pins of all processes; raises StoreUnavailableError when the database cannot be reached or written."""

    async def load(self) -> Sequence[ToolPin]:
        """Give all pins."""
        ...

    async def digests(self) -> Mapping[PinKey, str]:
        """Give what is trusted of each tool; cheaper than all pins."""
        ...

    async def save(
        self, seen: Sequence[ToolPin], *, approved: Sequence[ToolPin] = (), dropped: Sequence[ToolPin] = ()
    ) -> None:
        """Store what was seen, what was approved, and what is not worth keeping, at once.

        What was seen never changes what is trusted of a tool that is known, an approval does unless there is a newer
        one, and what has been trusted otherwise meanwhile is not dropped.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRecord:
    """A tool call that is over, with its owner: a run, or a `caller` outside, as it names itself.

    `call_id` is ours and unique; `call.tool_call_id` is the owner's. A listing has only the beginning of a long result,
    whose length is then `result_chars`.
    """

    call_id: str
    run_id: str | None
    caller: str | None
    call: ToolCall
    thread_id: str | None = None
    """The conversation of the run, where it was looked up."""
    result_chars: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "call_id": self.call_id,
            "run_id": self.run_id,
            "thread_id": self.thread_id,
            "caller": self.caller,
            **self.call.to_dict(),
            "result_chars": self.result_chars,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallQuery:
    """Which calls are wanted: all that fulfil every condition that is given.

    A `server` and a `tool` are those that were asked, also where another one answered in the end.
    """

    server: str | None = None
    tool: str | None = None
    run_id: str | None = None
    origin: CallOrigin | None = None
    is_error: bool | None = None
    since: datetime | None = None
    limit: int = 50
    cursor: str | None = None


class ToolCallStore(Protocol):
    """The tool calls that were made, for those who look; those of a run are there when it has ended."""

    async def list(self, query: ToolCallQuery) -> Page[ToolCallRecord]:
        """Give the calls that are wanted, newest first; raises RequestError for a cursor that no listing gave out."""
        ...
