"""What circuits and holds are about, in the words of incidents."""

from types import MappingProxyType
from typing import Final

from sentinel.resilience.breaker_view import BreakerSnapshot, TransitionRule
from sentinel.resilience.holds import Hold, HoldKind

RULES: Final = MappingProxyType(
    {
        TransitionRule.FAILURE_RATE: "too many calls failed in the last minute",
        TransitionRule.FAILURE_STREAK: "too many calls failed in a row",
        TransitionRule.SLOW_CALLS: "nearly all calls were slow",
        TransitionRule.PROBE: "the outcome of a trial call",
        TransitionRule.EXPIRED: "a trial call did not end",
    }
)
"""Why a circuit changed, where nobody did it by hand."""


def spaced(cause: str) -> str:
    """Write a cause as people do: `server error`."""
    return cause.replace("_", " ")


def why_open(circuit: BreakerSnapshot) -> str:
    """Say which circuit is not closed, and why it opened."""
    name = circuit.key.partition(":")[2]
    if circuit.rule is TransitionRule.MANUAL:
        return f"an operator opened the circuit of {name}" + (f": {circuit.reason}" if circuit.reason else "")
    if circuit.rule is TransitionRule.SHARED:
        return f"other processes opened the circuit of {name}"
    told = f"the circuit of {name} is {spaced(circuit.state.value)}"
    rule = RULES.get(circuit.rule) if circuit.rule else None
    last = f", the last cause: {spaced(circuit.reason)}" if circuit.reason else ""
    return f"{told}: {rule}{last}" if rule else told


def what_is_refused(hold: Hold) -> str:
    """Say what a latch is for."""
    if hold.kind is HoldKind.MODEL:
        provider, _, model = hold.key.partition("/")
        return f"{provider} does not know {model}"
    return f"{hold.key} refuses its key" if hold.cause == "auth" else f"{hold.key} takes no more calls on its account"
