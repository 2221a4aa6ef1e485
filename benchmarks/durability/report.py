"""What was measured, as tables and targets for the terminal and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks._figures import Table, Target, number, pair, percentile
from benchmarks._load import Seen
from benchmarks._machine import machine, revision, today
from benchmarks._result import Result
from benchmarks.durability.journal import RUNS_AT_ONCE, Written
from benchmarks.durability.readers import Idle


@dataclass(frozen=True)
class Rates:
    """What one topology did: runs at full pace, runs of a model that takes its time, single questions one by one.

    `quick_cpu_seconds`: what all processes of Sentinel used for the runs at full pace.
    """

    quick: Seen
    paced: Seen
    first: Seen
    quick_cpu_seconds: float

    @property
    def failed(self) -> int:
        """Questions that got no whole answer."""
        return self.quick.errors + self.paced.errors + self.first.errors

    def row(self, name: str) -> list[str]:
        """Give its line of the table."""
        first = pair(*(percentile(self.first.first_token_ms, share) for share in (0.5, 0.99)))
        cpu_ms = self.quick_cpu_seconds / max(1, self.quick.answers) * 1000
        return [name, number(per_second(self.quick)), number(cpu_ms), number(per_second(self.paced)), first]


def per_second(seen: Seen) -> float:
    """Give the whole answers of a second."""
    return seen.answers / seen.seconds if seen.seconds else 0.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures. `workers` has the rates by the number of workers, `takeovers` seconds from kill to going on."""

    journal: Mapping[str, Written]
    single: Rates
    workers: Mapping[int, Rates]
    readers: Idle
    takeovers: Sequence[float]
    notes: Sequence[str]

    def result(self) -> Result:
        """Give the result."""
        failed = sum(rates.failed for rates in (self.single, *self.workers.values())) + self.readers.asked.errors
        return Result(
            benchmark="durability",
            circumstances=[
                f"{today()} · {machine()}",
                f"Sentinel {revision()}",
                *self.notes,
                *([f"{failed} questions failed"] if failed else []),
            ],
            tables={
                "journal": self._journal(),
                "runs": self._runs(),
                "readers": self._readers(),
                "takeovers": self._takeovers(),
            },
            targets=self._targets(),
        )

    def _journal(self) -> Table:
        rows = [
            [
                name,
                number(written.per_second),
                number(written.cpu_us_per_event),
                pair(written.wait_ms(0.5), written.wait_ms(0.99)),
            ]
            for name, written in self.journal.items()
        ]
        head = [f"{RUNS_AT_ONCE} runs write at once", "events/s", "CPU per event, μs", "commit p50 / p99, ms"]
        return Table(head, rows)

    def _runs(self) -> Table:
        head = ["Topology", "runs/s, full pace", "CPU per run, ms", "runs/s, paced model", "first event p50 / p99, ms"]
        workers = [rates.row(f"PostgreSQL, {count} of `worker`") for count, rates in self.workers.items()]
        return Table(head, [self.single.row("one process, SQLite"), *workers])

    def _readers(self) -> Table:
        idle = self.readers
        head = [
            "Idle readers",
            "memory, MB",
            "their first event p50 / p99, ms",
            "of a question meanwhile p50 / p99, ms",
        ]
        theirs, meanwhile = (pair(each(0.5), each(0.99)) for each in (idle.first_ms, idle.asked_ms))
        return Table(head, [[f"{idle.readers:,}", number(idle.megabytes), theirs, meanwhile]])

    def _takeovers(self) -> Table:
        shares = (("fastest", 0.0), ("median", 0.5), ("p90", 0.9), ("slowest", 1.0))
        cells = [number(percentile(self.takeovers, share)) for _, share in shares]
        return Table(["Kills", *(f"{name}, s" for name, _ in shares)], [[str(len(self.takeovers)), *cells]])

    def _targets(self) -> list[Target]:
        idle = self.readers
        return [
            Target("killed worker: its run goes on, slowest", percentile(self.takeovers, 1.0), 10, "s"),
            Target(f"{idle.readers:,} idle readers: memory", idle.megabytes, 100, "MB"),
            Target(f"{idle.readers:,} idle readers: first event, p99", idle.first_ms(0.99), 50, "ms"),
            Target(f"{idle.readers:,} idle readers: first event of a question, p99", idle.asked_ms(0.99), 50, "ms"),
        ]
