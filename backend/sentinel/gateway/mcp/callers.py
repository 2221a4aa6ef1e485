"""Who calls: the name that a client gives itself, and where it calls from.

Anybody can claim any name, so it allows nothing. It tells callers apart where the errors of one alone must not count
against a tool, and says in the record of calls who it was. Where keys are asked for, their owners will stand here.
"""

from typing import Final

from mcp_types import Implementation
from starlette.requests import Request

_LONGEST_NAME: Final = 64
_LONGEST_VERSION: Final = 24
_NAMELESS: Final = "unnamed"


def caller_of(request: Request | None, client: Implementation | None) -> str:
    """Give a short name, such as `inspector 1.0 (127.0.0.1)`.

    Clients of the 2026-07-28 revision say in each request what they are. Those before it say so once, and nothing is
    kept between two requests: theirs is the name of the program, as HTTP has it. No port belongs to it, since one
    caller may open many connections.
    """
    if client is not None:
        name = f"{_short(client.name, _LONGEST_NAME)} {_short(client.version, _LONGEST_VERSION)}"
    else:
        name = _short(request.headers.get("user-agent", "") if request else "", _LONGEST_NAME)
    address = request.client.host if request and request.client else "?"
    return f"{name.strip() or _NAMELESS} ({address})"


def _short(text: str, longest: int) -> str:
    return "".join(char for char in text[:longest] if char.isprintable())
