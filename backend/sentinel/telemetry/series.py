"""Figures as plain numbers: counting costs a dictionary entry, and only who scrapes pays for making metrics of them.

The library's own counters take a lock and several calls for each figure, which the relay of a request would feel. All
of this belongs to the one thread of the event loop.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

Labels = tuple[str, ...]
Sample = tuple[Labels, float]


class Tally:
    """A counter, by labels."""

    def __init__(self, name: str, help_: str, labels: Sequence[str] = (), *, known: Iterable[str] = ()) -> None:
        """`name` ends in `_total`. `known` values of its one label stand at zero at once: their first rise is seen."""
        self.name = name
        self._help = help_
        self._label_names = labels
        self.counts: dict[Labels, float] = {(str(value),): 0 for value in known}

    def add(self, labels: Labels = (), by: float = 1) -> None:
        """Count one more, or `by` more."""
        counts = self.counts
        counts[labels] = counts.get(labels, 0) + by

    def sum_by(self, position: int) -> dict[str, int]:
        """Give the counts by the label at that position."""
        sums: dict[str, int] = {}
        for labels, count in self.counts.items():
            sums[labels[position]] = sums.get(labels[position], 0) + int(count)
        return sums

    @property
    def sum(self) -> int:
        """All together."""
        return int(sum(self.counts.values()))

    def family(self) -> Metric:
        """Give the metric with its samples."""
        return _filled(CounterMetricFamily(self.name, self._help, labels=self._label_names), self.counts.items())


@dataclass(slots=True)
class _Row:
    """The observations of one combination of labels: one count per bucket, and their sum."""

    counts: list[int]
    sum: float = 0.0


class Distribution:
    """A histogram, by labels; the last bucket has no bound."""

    def __init__(self, name: str, help_: str, labels: Sequence[str] = (), *, bounds: Sequence[float]) -> None:
        """`bounds` are the buckets' upper ones, ascending."""
        self.name = name
        self._help = help_
        self._label_names = labels
        self._bounds = tuple(bounds)
        self._rows: dict[Labels, _Row] = {}

    def observe(self, value: float, labels: Labels = ()) -> None:
        """Take in one value."""
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = _Row([0] * (len(self._bounds) + 1))
        row.counts[bisect_left(self._bounds, value)] += 1
        row.sum += value

    def family(self) -> Metric:
        """Give the metric with its samples."""
        family = HistogramMetricFamily(self.name, self._help, labels=self._label_names)
        names = [*map(str, self._bounds), "+Inf"]
        for labels, row in self._rows.items():
            family.add_metric(labels, list(zip(names, accumulate(row.counts), strict=True)), row.sum)
        return family


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A figure that somebody else keeps, read when it is scraped; one whose name ends in `_total` is a counter."""

    name: str
    help: str
    labels: Sequence[str] = ()
    read: Callable[[], Iterable[Sample]]

    def family(self) -> Metric:
        """Give the metric with its samples."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        return _filled(kind(self.name, self.help, labels=self.labels), self.read())


def single(read: Callable[[], float]) -> Callable[[], Iterable[Sample]]:
    """Read one number without labels."""
    return lambda: [((), read())]


def _filled(family: CounterMetricFamily | GaugeMetricFamily, samples: Iterable[Sample]) -> Metric:
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
