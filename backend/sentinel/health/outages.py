"""Outages: when nobody is left of a provider or of a route that may be asked, and when somebody is again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sentinel.domain.incidents import Incident, IncidentQuery, IncidentType
from sentinel.domain.routes import Route, Target
from sentinel.health.incidents import IncidentBoard
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.protection import Protection


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
        detail = "the circuits of all its targets are open, or the targets refuse our calls"
        return self.board.report(IncidentType.OUTAGE, key, f"{_name(key)} is out", detail=detail, data=data)

    def _report_recovery(self, key: str, outage: Incident) -> None:
        back = [str(target) for target in self.subjects[key] if not self._is_down(target)]
        data = {"incident_id": outage.incident_id, "targets": back}
        self.board.report(IncidentType.RECOVERY, key, f"{_name(key)} is back", data=data)

    def _is_down(self, target: Target) -> bool:
        circuits = (self.protection.board.find(key) for key in target.breaker_keys)
        if any(circuit is not None and circuit.state is not BreakerState.CLOSED for circuit in circuits):
            return True
        return self.protection.cooldowns.is_latched(target)


def outage_subjects(routes: Mapping[str, Route], targets: Collection[Target]) -> dict[str, tuple[Target, ...]]:
    """Give what can be out: every provider with its configured targets, and every route with its own."""
    subjects: dict[str, tuple[Target, ...]] = {}
    for target in sorted(targets):
        key = f"provider:{target.provider}"
        subjects[key] = (*subjects.get(key, ()), target)
    return subjects | {f"route:{route.name}": route.targets for route in routes.values()}


def _name(key: str) -> str:
    kind, _, name = key.partition(":")
    return f"Route {name}" if kind == "route" else name
