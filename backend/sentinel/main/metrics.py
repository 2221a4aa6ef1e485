"""Figures that other parts keep, read when somebody asks: circuits, targets, tools, runs, readers, journals."""

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sentinel import __version__
from sentinel.domain.queues import RunQueue
from sentinel.domain.routes import Route, Target
from sentinel.main.queueing import queue_readings
from sentinel.main.resilience import Resilience
from sentinel.main.sharing import sharing_readings
from sentinel.main.storage import Storage
from sentinel.persistence.write_behind import WriteBehind
from sentinel.resilience.breaker_view import BreakerSnapshot, BreakerState
from sentinel.telemetry.exposition import Exposition, Summary
from sentinel.telemetry.metrics import Metrics
from sentinel.telemetry.series import Reading, Sample, single
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.session.server_status import ServerState

_STATE_NUMBERS = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_TARGET = ("provider", "model")


def build_exposition(
    metrics: Metrics,
    parts: Resilience,
    *,
    storage: Storage,
    queue: RunQueue,
    tools: ToolRegistry,
    targets: Sequence[Target],
    default_route: Route,
) -> Exposition:
    """Join what is counted with what is read; `targets` are the configured ones."""

    def active_provider() -> str | None:
        first = parts.explainer.explain(default_route)["first"]
        return Target.parse(first).provider if first else None

    def circuits() -> Counter[str]:
        return Counter(snapshot.state.value for snapshot in parts.board.snapshot())

    def tool_servers() -> Counter[str]:
        return Counter(status.state.value for status in tools.status())

    readings = [
        *_circuit_readings(metrics, parts),
        *_target_readings(parts, targets),
        *_tool_readings(tools),
        *_work_readings(storage, queue),
        *sharing_readings(storage.shared),
        *queue_readings(queue),
        *_process_readings(metrics),
    ]
    summary = Summary(metrics=metrics, active_provider=active_provider, circuits=circuits, tool_servers=tool_servers)
    return Exposition(summary, readings)


def _circuit_readings(metrics: Metrics, parts: Resilience) -> Iterator[Reading]:
    def snapshots() -> list[BreakerSnapshot]:
        return [snapshot for snapshot in parts.board.snapshot() if metrics.bounded.knows(snapshot.key)]

    yield Reading(
        name="sentinel_circuit_state",
        help="0 closed, 1 half-open, 2 open.",
        labels=["key"],
        read=lambda: [((each.key,), _STATE_NUMBERS[each.state]) for each in snapshots()],
    )
    yield Reading(
        name="sentinel_circuit_state_seconds_total",
        help="Time that a circuit has spent in a state.",
        labels=["key", "state"],
        read=lambda: metrics.states.read([each.key for each in snapshots()]),
    )
    yield Reading(
        name="sentinel_circuit_rejections_total",
        help="Calls that reached a circuit and were refused there.",
        labels=["key"],
        read=lambda: [((each.key,), each.rejected) for each in snapshots()],
    )
    yield Reading(
        name="sentinel_circuit_late_results_total",
        help="Results of calls that began before the last change of a circuit; it ignores them.",
        labels=["key"],
        read=lambda: [((each.key,), each.ignored) for each in snapshots()],
    )


def _target_readings(parts: Resilience, targets: Sequence[Target]) -> Iterator[Reading]:
    protection, providers = parts.protection, sorted({target.provider for target in targets})
    yield Reading(
        name="sentinel_in_flight",
        help="Attempts in progress.",
        labels=_TARGET,
        read=lambda: [(_labels(each), protection.bulkheads.in_flight(each)) for each in targets],
    )
    yield Reading(
        name="sentinel_concurrency_limit",
        help="How many attempts may be in progress now.",
        labels=_TARGET,
        read=lambda: [(_labels(each), protection.bulkheads.limit(each)) for each in targets],
    )
    yield Reading(
        name="sentinel_retry_budget_tokens",
        help="What is left for retries; at half of the budget or below, there are none.",
        labels=["provider"],
        read=lambda: [((each,), protection.budget.tokens(each)) for each in providers],
    )
    yield Reading(
        name="sentinel_holds",
        help="Cool-downs and latches in force.",
        labels=["provider", "kind"],
        read=lambda: _holds(parts),
    )
    yield Reading(
        name="sentinel_kill_switches",
        help="Kill switches that are on.",
        read=single(lambda: len(parts.kill_switches.list())),
    )


def _tool_readings(tools: ToolRegistry) -> Iterator[Reading]:
    def in_states() -> Iterator[Sample]:
        found = Counter(status.state for status in tools.status())
        return (((state.value,), found[state]) for state in ServerState)

    yield Reading(name="sentinel_tool_servers", help="Tool servers by state.", labels=["state"], read=in_states)
    yield Reading(
        name="sentinel_tool_server_ready",
        help="1 while the tools of a server can be called, else 0.",
        labels=["server"],
        read=lambda: [((each.name,), float(each.state is ServerState.READY)) for each in tools.status()],
    )
    yield Reading(
        name="sentinel_tool_server_reconnects_total",
        help="Sessions that were opened after a server's first one.",
        labels=["server"],
        read=lambda: [((each.name,), max(0, each.sessions - 1)) for each in tools.status()],
    )


def _holds(parts: Resilience) -> list[Sample]:
    held = Counter((hold.key.partition("/")[0], hold.kind.value) for hold in parts.protection.cooldowns.snapshot())
    return list(held.items())


def _work_readings(storage: Storage, queue: RunQueue) -> Iterator[Reading]:
    behind: list[WriteBehind[Any]] = [storage.request_journal, storage.incident_journal, storage.tool_call_journal]
    yield Reading(
        name="sentinel_runs_active", help="Runs that wait or work in this process.", read=single(lambda: queue.active)
    )
    yield Reading(
        name="sentinel_event_readers",
        help="Readers that follow a run.",
        read=single(lambda: storage.live.followers),
    )
    yield Reading(
        name="sentinel_journal_waiting_bytes",
        help="Events of runs that are not committed yet.",
        read=single(lambda: storage.journal.waiting_bytes),
    )
    yield Reading(
        name="sentinel_records_waiting",
        help="Records that are not written yet.",
        labels=["of"],
        read=lambda: [((each.name,), each.waiting) for each in behind],
    )
    yield Reading(
        name="sentinel_records_lost_total",
        help="Records that could not be kept.",
        labels=["of"],
        read=lambda: [((each.name,), each.dropped) for each in behind],
    )
    yield Reading(
        name="sentinel_records_deleted_total",
        help="Records that were old enough to be deleted.",
        labels=["of"],
        read=lambda: [((name,), count) for name, count in storage.upkeep.deleted.items()],
    )
    yield Reading(
        name="sentinel_logs_compacted_total",
        help="Logs of ended runs whose tokens were merged.",
        read=single(lambda: storage.upkeep.compaction.compacted),
    )
    yield Reading(
        name="sentinel_database_writable",
        help="1 while events can be written, else 0.",
        read=single(lambda: float(storage.journal_state.can_write)),
    )


def _process_readings(metrics: Metrics) -> Iterator[Reading]:
    yield Reading(
        name="sentinel_build_info",
        help="Which version this is; always 1.",
        labels=["version", "python"],
        read=lambda: [((__version__, platform.python_version()), 1.0)],
    )
    yield Reading(
        name="sentinel_uptime_seconds",
        help="Time since the start.",
        read=single(lambda: metrics.clock.monotonic() - metrics.started),
    )


def _labels(target: Target) -> tuple[str, str]:
    return target.provider, target.model
