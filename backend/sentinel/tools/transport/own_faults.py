"""Faults that we saw ourselves, carried as the data of JSON-RPC errors, in a shape that no server can forge.

Data that a server sends is made of JSON, never an `OwnFault`. Over HTTP ours must pass through the SDK as JSON too:
there a secret marks it, which the server never sees.
"""

import json
import math
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final

from mcp.shared.message import SessionMessage
from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError

from sentinel.tools.outcome import Cause, Executed

MAX_DELAY_SECONDS: Final = 3600.0
"""A pause that a server asks for is not longer."""
_MARK: Final = "sentinel"


@dataclass(frozen=True, slots=True)
class OwnFault:
    """What was met instead of an answer; `executed` where that is better known than the cause tells."""

    cause: Cause
    detail: str
    executed: Executed | None = None
    retry_after_seconds: float | None = None


def sane_delay(seconds: float | None) -> float | None:
    """Give a pause as it may be used: finite, not negative, an hour at most; None if it makes no sense."""
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(0.0, seconds), MAX_DELAY_SECONDS)


class Seal:
    """Marks the faults of one session in what the SDK reads, and knows them again in what it has read."""

    def __init__(self) -> None:
        """Make up a secret."""
        self._secret = secrets.token_hex(16)

    def as_error(self, fault: OwnFault, request_id: Any) -> bytes:
        """Give the JSON-RPC error that says what was met."""
        data = {
            _MARK: self._secret,
            "cause": fault.cause.value,
            "executed": fault.executed,
            "retry_after_seconds": sane_delay(fault.retry_after_seconds),
        }
        error = {"code": INTERNAL_ERROR, "message": fault.detail, "data": data}
        return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}).encode()

    def opened(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        """Give a message that was read, with the fault itself as its data if it is one of ours."""
        message = item.message if isinstance(item, SessionMessage) else None
        if isinstance(message, JSONRPCError) and self._is_ours(message.error.data):
            message.error = _unsealed(message.error)
        return item

    def _is_ours(self, data: Any) -> bool:
        mark = data.get(_MARK) if isinstance(data, dict) else None
        return isinstance(mark, str) and compare_digest(mark.encode(errors="replace"), self._secret.encode())


def _unsealed(error: ErrorData) -> ErrorData:
    data = error.data
    fault = OwnFault(
        Cause(data["cause"]),
        error.message,
        executed=data["executed"],
        retry_after_seconds=data["retry_after_seconds"],
    )
    return ErrorData(code=error.code, message=error.message, data=fault)
