"""What becomes an incident, and in which words: circuits, holds, failovers, recovered runs, operators' acts.

Each method listens to one source; the composition root connects them. None waits, and none raises.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.incidents import Incident, IncidentType, Severity
from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Target
from sentinel.domain.runs import Run, RunEnding, RunStatus
from sentinel.domain.stores import AuditEntry
from sentinel.health.incidents import IncidentBoard
from sentinel.health.repeats import Repeats
from sentinel.health.words import RULES, spaced, what_is_refused
from sentinel.resilience.breaker_view import BreakerState, Transition, TransitionRule
from sentinel.resilience.holds import Hold, HoldChange, HoldKind, HoldStep
from sentinel.resilience.ledger import Ledger

FAILOVER_SECONDS = 60.0
"""How long failovers of one kind count as one incident."""
UNKNOWN_MODEL_SECONDS = 600.0
"""The same for models of a provider that callers name and nobody configured."""


class IncidentReporter:
    """Listens, and reports to the board. `configured` are the targets that the configuration names."""

    def __init__(self, board: IncidentBoard, clock: Clock, *, configured: Collection[Target]) -> None:
        """Start with nothing under way."""
        self._board = board
        self._repeats = Repeats(board, clock)
        self._configured = frozenset(map(str, configured))

    # Circuits ---------------------------------------------------------------------------------------------------------

    def transition(self, change: Transition) -> None:
        """A circuit changed. One that opens again after a trial call has not been closed: that is counted, not told.

        What another process has found is told there.
        """
        if change.to_state is BreakerState.OPEN and not change.is_followed:
            data = {"from": change.from_state.value, "rule": change.rule.value, **_evidence(change)}
            self._repeats.tell(("circuit", change.key), partial(self._opened, change, data), data=data)
        elif change.to_state is BreakerState.CLOSED:
            self._closed(change)

    def _opened(self, change: Transition, data: dict[str, Any]) -> Incident:
        is_tool, name = _subject(change.key)
        type_ = IncidentType.TOOL_ISOLATED if is_tool else IncidentType.BREAKER_OPENED
        title = f"The circuit of {name} opened" if not is_tool else f"{name} is isolated"
        detail = RULES.get(change.rule)
        if detail and change.reason:
            detail = f"{detail}; the last cause: {spaced(change.reason)}"
        return self._board.report(type_, change.key, title, detail=detail, data=data, **_operator(change))

    def _closed(self, change: Transition) -> None:
        is_tool, name = _subject(change.key)
        type_ = IncidentType.TOOL_RECOVERED if is_tool else IncidentType.BREAKER_CLOSED
        title = f"{name} is used again" if is_tool else f"The circuit of {name} closed"
        opened = self._repeats.end(("circuit", change.key))
        if opened is None and change.is_followed:
            return
        data: dict[str, Any] = {"from": change.from_state.value, "rule": change.rule.value}
        if opened is not None:
            data |= {"incident_id": opened.incident_id, "after_seconds": _seconds(opened, change)}
        self._board.report(type_, change.key, title, detail=RULES.get(change.rule), data=data, **_operator(change))

    # Holds ------------------------------------------------------------------------------------------------------------

    def hold(self, change: HoldChange) -> None:
        """A hold changed. A cool-down is ordinary traffic; a latch needs somebody to mend a key or a name."""
        hold = change.hold
        if hold.kind is HoldKind.COOLDOWN:
            return
        if hold.kind is HoldKind.MODEL and hold.key not in self._configured:
            if change.step is HoldStep.BEGAN and not change.is_followed:
                self._unknown_model(hold)
        elif change.step is HoldStep.RELEASED:
            self._released(change)
        elif not change.is_followed:
            data = _hold_data(hold)
            self._repeats.tell(_hold_name(hold), partial(self._latched, hold, data), data=data)

    def tool_server_refused(self, server: str, detail: str) -> None:
        """A tool server does not accept our credential; it is asked again only much later."""
        title = f"tool server {server} refuses its key"
        self._board.report(IncidentType.AUTH_ERROR, f"tool:{server}", title, detail=detail)

    def tool_forbidden(self, key: str, detail: str) -> None:
        """Our credential may not use one tool of a server that accepts it."""
        title = f"{key.removeprefix('tool:')} may not be used with our key"
        self._board.report(IncidentType.AUTH_ERROR, key, title, detail=detail)

    def _latched(self, hold: Hold, data: dict[str, Any]) -> Incident:
        detail = f"{spaced(hold.cause)}; nothing is sent until a trial call succeeds, or an operator resets it"
        return self._board.report(
            IncidentType.AUTH_ERROR, _hold_key(hold), what_is_refused(hold), detail=detail, data=data
        )

    def _released(self, change: HoldChange) -> None:
        hold = change.hold
        latched = self._repeats.end(_hold_name(hold))
        if latched is None and change.is_followed:
            return
        data = _hold_data(hold) | ({"incident_id": latched.incident_id} if latched else {})
        title = f"{hold.key} is called again"
        detail = None if change.actor else "a trial call was answered"
        operator = {"actor": change.actor, "reason": change.reason}
        self._board.report(IncidentType.RECOVERY, _hold_key(hold), title, detail=detail, data=data, **operator)

    def _unknown_model(self, hold: Hold) -> None:
        """Callers may name any model, and must not be able to write as many rows as they can think of names."""
        provider = hold.key.partition("/")[0]
        data = _hold_data(hold) | {"last": hold.key}
        title = f"{provider} was asked for models that it does not have"
        make = partial(self._board.report, IncidentType.AUTH_ERROR, f"provider:{provider}", title, data=data)
        self._repeats.tell(
            ("unknown models", provider),
            partial(make, severity=Severity.INFO, detail="callers named these models; no route leads to them"),
            within_seconds=UNKNOWN_MODEL_SECONDS,
            data=data,
        )

    # Requests and runs ------------------------------------------------------------------------------------------------

    def request_over(self, record: RequestRecord) -> None:
        """A request to the gateway is over."""
        if record.outcome is RequestOutcome.COMPLETED:
            self._served(record.attempts, record.serving, request_id=record.request_id)

    def run_over(self, run: Run, ending: RunEnding) -> None:
        """A run is over."""
        if ending.status is RunStatus.COMPLETED:
            self._served(ending.attempts, ending.serving, run_id=run.run_id)

    def run_recovered(self, run: Run) -> None:
        """A run was taken over from a process that died."""
        title = "A run continues after its process was lost"
        self._board.report(
            IncidentType.RUN_RECOVERED,
            f"run:{run.run_id}",
            title,
            detail=f"taken up again for the {_ordinal(run.recovered)} time",
            run_id=run.run_id,
            data={"recovered": run.recovered, "thread_id": run.thread_id, "left_by": run.taken_over_from},
        )

    def _served(self, attempts: Sequence[Attempt], serving: Target | None, **whose: str) -> None:
        left = Ledger.of(attempts).left_for(serving) if serving else None
        if left is None:
            return
        asked, answered, cause = str(left.target), str(serving), str(left.cause)
        title = f"{answered} answered for {asked}"
        make = partial(self._board.report, IncidentType.FAILOVER_TRIGGERED, f"model:{asked}", title, **whose)
        data = {"from": asked, "to": answered, "cause": cause}
        self._repeats.tell(
            ("failover", asked, answered, cause),
            partial(make, detail=spaced(cause), data=data),
            within_seconds=FAILOVER_SECONDS,
        )

    # Operators --------------------------------------------------------------------------------------------------------

    def act(self, entry: AuditEntry) -> None:
        """An operator acted. What trips and resets do is told by the circuits and holds themselves."""
        if not entry.action.startswith("kill_switch_"):
            return
        is_on = entry.action == "kill_switch_on"
        self._board.report(
            IncidentType.CHAOS,
            entry.target,
            f"Kill switch of {entry.target} {'on' if is_on else 'off'}",
            severity=Severity.WARNING if is_on else Severity.INFO,
            actor=entry.actor,
            reason=entry.detail.get("reason"),
            data={"action": entry.action, "ttl_seconds": entry.detail.get("ttl_seconds")},
        )


def _subject(key: str) -> tuple[bool, str]:
    kind, _, name = key.partition(":")
    return kind == "tool", name


def _ordinal(count: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(count, f"{count}th")


def _evidence(change: Transition) -> dict[str, Any]:
    return {
        "failures": change.failures,
        "successes": change.successes,
        "slow": change.slow,
        "rate": round(change.rate, 4),
        "open_until": change.open_until.isoformat() if change.open_until else None,
    }


def _operator(change: Transition) -> dict[str, str | None]:
    return {"actor": change.actor, "reason": change.reason if change.rule is TransitionRule.MANUAL else None}


def _seconds(opened: Incident, change: Transition) -> float:
    return round((change.at - opened.at).total_seconds(), 3)


def _hold_name(hold: Hold) -> tuple[str, str, str]:
    return "hold", hold.kind.value, hold.key


def _hold_key(hold: Hold) -> str:
    return f"{'provider' if hold.kind is HoldKind.CREDENTIAL else 'model'}:{hold.key}"


def _hold_data(hold: Hold) -> dict[str, Any]:
    return {"hold": hold.kind.value, "cause": hold.cause, "until": hold.until.isoformat()}
