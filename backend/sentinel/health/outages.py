"""Outages: when nobody is left of a provider or of a route that may be asked, and when somebody is again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sentinel.domain.incidents import Incident, IncidentQuery, IncidentType
from sentinel.domain.routes import Route, Target
from sentinel.health.incidents import IncidentBoard
from sentinel.health.words import what_is_refused, why_open
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.circuit_breaker import CircuitBreaker
from sentinel.resilience.holds import HoldKind
from sentinel.resilience.protection import Protection

_NAMED = 5
"""How many causes, and targets of each, the sentence about an outage names; its data has all targets."""


@dataclass(kw_only=True)
class OutageWatch:
    """Looks whenever a circuit or a hold has changed. `subjects` are the targets by the key of what they make up.

    Kill switches do not count: who threw one knows.
    """

    subjects: Mapping[str, Collection[Target]]
    protection: Protection
    board: IncidentBoard
    _out: dict[str, Incident] = field(default_factory=dict)

    def take_over(self) -> None:
        """Go on with the outages that earlier processes told and nobody ended, as far as the board knows them."""
        newest_first = self.board.find(IncidentQuery(limit=1))
        ended = {each.data.get("incident_id") for each in newest_first if each.type is IncidentType.RECOVERY}
        newest: dict[str, Incident] = {}
        for incident in newest_first:
            if incident.type is IncidentType.OUTAGE and incident.key in self.subjects:
                newest.setdefault(incident.key, incident)
        self._out |= {key: outage for key, outage in newest.items() if outage.incident_id not in ended}
        self.look()

    def look(self) -> None:
        """Report what went out, and what came back, since the last look."""
        down = {target for targets in self.subjects.values() for target in targets if self._is_down(target)}
        for key, targets in self.subjects.items():
            is_out = down.issuperset(targets)
            if is_out and key not in self._out:
                self._out[key] = self._report_outage(key, targets)
            elif not is_out and key in self._out:
                self._report_recovery(key, self._out.pop(key))

    def _report_outage(self, key: str, targets: Collection[Target]) -> Incident:
        data = {"targets": [str(target) for target in targets]}
        detail = self._why_out(targets)
        return self.board.report(IncidentType.OUTAGE, key, f"{_name(key)} is out", detail=detail, data=data)

    def _why_out(self, targets: Collection[Target]) -> str:
        """Say which targets are kept back by what, those together that are kept back by the same."""
        causes: dict[str, list[str]] = {}
        for target in targets:
            causes.setdefault(self._why_down(target), []).append(str(target))
        told = [f"{_some(kept)}: {cause}" for cause, kept in list(causes.items())[:_NAMED]]
        more = [f"{len(causes) - _NAMED} more causes"] if len(causes) > _NAMED else []
        return f"no target may be called ({'; '.join([*told, *more])})"

    def _why_down(self, target: Target) -> str:
        if circuit := self._open_circuit(target):
            return why_open(circuit.snapshot())
        latches = [hold for hold in self.protection.cooldowns.snapshot() if hold.kind is not HoldKind.COOLDOWN]
        own = (hold for hold in latches if hold.key in {target.provider, str(target)})
        return next(map(what_is_refused, own), "it refuses our calls")

    def _report_recovery(self, key: str, outage: Incident) -> None:
        back = [str(target) for target in self.subjects[key] if not self._is_down(target)]
        data = {"incident_id": outage.incident_id, "targets": back}
        self.board.report(IncidentType.RECOVERY, key, f"{_name(key)} is back", data=data)

    def _is_down(self, target: Target) -> bool:
        return self._open_circuit(target) is not None or self.protection.cooldowns.is_latched(target)

    def _open_circuit(self, target: Target) -> CircuitBreaker | None:
        circuits = filter(None, map(self.protection.board.find, target.breaker_keys))
        return next((circuit for circuit in circuits if circuit.state is not BreakerState.CLOSED), None)


def outage_subjects(routes: Mapping[str, Route], targets: Collection[Target]) -> dict[str, tuple[Target, ...]]:
    """Give what can be out: every provider with its configured targets, and every route with its own."""
    subjects: dict[str, tuple[Target, ...]] = {}
    for target in sorted(targets):
        key = f"provider:{target.provider}"
        subjects[key] = (*subjects.get(key, ()), target)
    return subjects | {f"route:{route.name}": route.targets for route in routes.values()}


def _some(names: list[str]) -> str:
    return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])


def _name(key: str) -> str:
    kind, _, name = key.partition(":")
    return f"Route {name}" if kind == "route" else name
