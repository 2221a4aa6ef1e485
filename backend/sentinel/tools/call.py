"""A call as its callers and the sessions speak of it: who calls, what goes with the call, and what comes back."""

from dataclasses import dataclass
from typing import Final, Protocol

from mcp_types import CallToolResult, InputRequiredResult

from sentinel.domain.tools import CallOrigin

CallAnswer = CallToolResult | InputRequiredResult
"""What a server answers to a call, as it came."""


class ProgressListener(Protocol):
    """Hears how far a call has come."""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Take in a step: how far, of how much if that is known, and what the server says about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Who calls, and what goes with the call.

    `caller` tells callers apart, such as the runs of one server. A server that honours `idempotency_key` carries out
    calls with the same key once.
    """

    caller: str = ""
    origin: CallOrigin = "run"
    idempotency_key: str | None = None
    on_progress: ProgressListener | None = None


NOBODY: Final = CallContext()
