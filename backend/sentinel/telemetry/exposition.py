"""The figures as others read them: Prometheus' text for machines, a summary in JSON for people and the console."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from sentinel.domain.requests import RequestOutcome
from sentinel.domain.runs import RunStatus
from sentinel.telemetry.metrics import KEPT_LATENCIES, Metrics
from sentinel.telemetry.series import Reading

_ANSWERED = (RunStatus.COMPLETED, RequestOutcome.COMPLETED)
_FAILED = (RunStatus.FAILED, RequestOutcome.FAILED)
_CANCELLED = (RunStatus.CANCELLED, RequestOutcome.CANCELLED)


class _Figures(Collector):
    """What is counted, and what is read when somebody asks."""

    def __init__(self, metrics: Metrics, readings: Sequence[Reading]) -> None:
        self._metrics = metrics
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        yield from self._metrics.collect()
        for reading in self._readings:
            yield reading.family()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Sums up. `active_provider` tells who would be asked now; `circuits` and `tool_servers` count by state."""

    metrics: Metrics
    active_provider: Callable[[], str | None]
    circuits: Callable[[], Mapping[str, int]]
    tool_servers: Callable[[], Mapping[str, int]]

    def view(self) -> dict[str, Any]:
        """Give the shape of `GET /api/metrics`; everything counts from the start of the process."""
        metrics = self.metrics
        ended = [metrics.runs.sum_by(0), metrics.requests.sum_by(2)]
        return {
            "uptime_seconds": round(metrics.clock.monotonic() - metrics.started, 3),
            "total_requests": sum(sum(counts.values()) for counts in ended),
            "total_successes": _total(ended, _ANSWERED),
            "total_failures": _total(ended, _FAILED),
            "total_cancelled": _total(ended, _CANCELLED),
            "total_failovers": metrics.failovers.sum,
            "total_retries": metrics.retries.sum,
            "total_tool_calls": metrics.tool_calls.sum,
            "total_tool_fallbacks": metrics.tool_fallbacks.sum,
            "avg_latency_ms": _mean(metrics.latencies_ms),
            "latency_ms": _percentiles(metrics.latencies_ms),
            "ttft_ms": _percentiles(metrics.first_tokens_ms),
            "tool_call_ms": _percentiles(metrics.tool_calls_ms),
            "latencies_of_last": KEPT_LATENCIES,
            "active_provider": self.active_provider(),
            "counts": self._counts(),
            "cache_hit_rate": None,
            "security_events": None,
        }

    def _counts(self) -> dict[str, Mapping[str, int]]:
        return {
            "runs": self.metrics.runs.sum_by(0),
            "gateway_requests": self.metrics.requests.sum_by(2),
            "attempts": self.metrics.attempts.sum_by(2),
            "incidents": self.metrics.incidents.sum_by(0),
            "circuits": self.circuits(),
            "tool_calls": self.metrics.tool_calls.sum_by(2),
            "tool_servers": self.tool_servers(),
        }


class Exposition:
    """Gives the figures to whoever asks. The registry is its own: two of them can live in one process."""

    def __init__(self, summary: Summary, readings: Sequence[Reading]) -> None:
        """Expose what is counted, the readings, and what the system knows of the process."""
        self._summary = summary
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(summary.metrics, readings))
        ProcessCollector(registry=self._registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Give the metrics and their media type: OpenMetrics for who accepts it, else Prometheus' own text."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def summary(self) -> dict[str, Any]:
        """Give the summary."""
        return self._summary.view()


def wants_json(accept: str) -> bool:
    """Tell whether who sends this `Accept` header wants the summary rather than the metrics."""
    names = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    of_metrics = {"text/plain", "application/openmetrics-text"}
    return "application/json" in names and of_metrics.isdisjoint(names[: names.index("application/json")])


def _total(ended: Iterable[Mapping[str, int]], words: Iterable[str]) -> int:
    return sum(counts.get(word, 0) for counts, word in zip(ended, words, strict=True))


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _percentiles(values: Sequence[float]) -> dict[str, float | None]:
    names = {"p50": 49, "p95": 94, "p99": 98}
    if not values:
        return dict.fromkeys(names)
    cuts = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [*values] * 99
    return {name: round(cuts[place], 3) for name, place in names.items()}
