"""What one process shares with others, as one thing that the composition root hands out: alone, or over Redis."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.coordination.facts import FactTable
from sentinel.coordination.fan_out import FanOut
from sentinel.coordination.probe_tickets import ProbeTickets


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """How Redis is: whether it answers, if not why, how long its last answer took, and what could not be sent."""

    is_up: bool
    reason: str | None = None
    latency_ms: float | None = None
    dropped: int = 0


def nothing_to_reach() -> LinkStatus | None:
    """Give the status where there is no Redis."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The parts; `status` gives None where processes have nothing between them."""

    fan_out: FanOut
    facts: FactTable
    tickets: ProbeTickets
    status: Callable[[], LinkStatus | None] = nothing_to_reach
