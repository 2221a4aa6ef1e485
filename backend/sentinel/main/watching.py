"""Those who only watch, joined to what they watch: journals, incidents, metrics.

Logs of circuits and holds are joined in `resilience`, since they are wanted without a database, too.
"""

from dataclasses import dataclass
from datetime import timedelta

from sentinel.domain.incidents import IncidentQuery
from sentinel.domain.requests import RequestRecord
from sentinel.domain.stores import AuditEntry
from sentinel.domain.tools import GuardedCall, ToolCallRecord
from sentinel.health.incidents import IncidentBoard, IncidentHistory
from sentinel.health.outages import OutageWatch, outage_subjects
from sentinel.health.reporting import IncidentReporter
from sentinel.ids import IdSource
from sentinel.main.providers import configured_targets
from sentinel.main.resilience import Resilience
from sentinel.main.storage import Storage
from sentinel.persistence.database_url import is_sqlite
from sentinel.runs.runner import RunnerListeners
from sentinel.settings import Settings
from sentinel.telemetry.hooks import Hooks
from sentinel.telemetry.metrics import Bounded, Metrics

_HOT_INCIDENTS = 500


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What has to be told of requests, runs and operators' acts, and what can be looked at."""

    incidents: IncidentHistory
    metrics: Metrics
    request_over: Hooks[[RequestRecord]]
    act: Hooks[[AuditEntry]]
    tool_server_refused: Hooks[[str, str]]
    tool_call: Hooks[[GuardedCall]]
    outside_call: Hooks[[ToolCallRecord]]
    tool_forbidden: Hooks[[str, str]]
    runs: RunnerListeners


async def watch_over(settings: Settings, parts: Resilience, *, storage: Storage, ids: IdSource) -> Watch:
    """Listen to circuits and holds, and give the hooks of everything that is built later."""
    targets = configured_targets(settings)
    metrics = Metrics(parts.clock, Bounded(targets=targets, routes=settings.routes, servers=settings.mcp_servers))
    board = IncidentBoard(
        clock=parts.clock,
        ids=ids,
        listeners=[storage.incident_journal.record, metrics.incident],
        capacity=_HOT_INCIDENTS,
        max_age=timedelta(days=settings.retention.incidents_days) or None,
    )
    board.load(await storage.incidents.list(IncidentQuery(limit=_HOT_INCIDENTS)))
    reporter = IncidentReporter(board, parts.clock, configured=targets)
    subjects = outage_subjects(settings.routes, targets)
    outages = OutageWatch(subjects=subjects, protection=parts.protection, board=board)
    outages.take_over()
    parts.transitions.add(metrics.transition, reporter.transition, lambda _: outages.look())
    parts.holds.add(reporter.hold, lambda _: outages.look())
    return Watch(
        incidents=IncidentHistory(board, storage.incidents, is_shared=not is_sqlite(storage.engine.url)),
        metrics=metrics,
        request_over=Hooks(storage.request_journal.record, metrics.request_over, reporter.request_over),
        act=Hooks(reporter.act),
        tool_server_refused=Hooks(reporter.tool_server_refused),
        tool_call=Hooks(metrics.tool_call),
        outside_call=Hooks(storage.tool_call_journal.record),
        tool_forbidden=Hooks(reporter.tool_forbidden),
        runs=RunnerListeners(
            recovered=Hooks(metrics.run_recovered, reporter.run_recovered),
            ended=Hooks(metrics.run_over, reporter.run_over),
        ),
    )
