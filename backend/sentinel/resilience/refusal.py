"""Why a target may not be called now: the word of our own protection, as the planner and the ledger know it."""

from dataclasses import dataclass, field
from enum import StrEnum


class RefusalCause(StrEnum):
    """What keeps a call away; each is also the `cause` of the ledger's row for the target that was passed over."""

    KILL_SWITCH = "kill_switch"
    CIRCUIT_OPEN = "circuit_open"
    COOLDOWN = "cooldown"
    LATCHED = "latched"
    BULKHEAD_FULL = "bulkhead_full"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a target may not be called now; `retry_after` in seconds when that is known.

    `admits_panic`: a call in a panic may go to it nevertheless. `reason` and `detail`: cause and words of the attempt
    for which the target is held, if one is known.
    """

    cause: str
    retry_after: float | None = None
    admits_panic: bool = False
    reason: str | None = field(default=None, compare=False)
    detail: str | None = field(default=None, compare=False)
