"""The gateway benchmark's result: what was measured, side by side, and what this project wants of itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from benchmarks._figures import Table, Target, number, pair
from benchmarks._machine import machine, today
from benchmarks._result import Result
from benchmarks.gateway.contestants import DIRECT, LITELLM, PORTKEY, SENTINEL, Contestant
from benchmarks.gateway.failover import Failover, OpenCircuit
from benchmarks.gateway.rounds import (
    EIGHT,
    FIRST,
    MANY,
    MEASURES,
    PACED,
    PLAIN,
    SINGLE,
    SIXTEEN,
    TOKENS,
    Measure,
    Results,
    Samples,
)
from benchmarks.gateway.wire import BREAKING_MODEL, CUT_AFTER, CUT_MODEL, FAILING_MODEL

_FAULT_TEXTS = {
    FAILING_MODEL: "answers 500",
    BREAKING_MODEL: "opens its stream, breaks before the first token",
    CUT_MODEL: f"breaks after {CUT_AFTER} tokens",
}
_RATES = {SINGLE: "1 connection", EIGHT: "8 connections", PLAIN: "32 connections", MANY: "64 connections"}
Cell = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a run has found. `idle` and `busy` are megabytes by gateway, before and after all load."""

    contestants: Sequence[Contestant]
    results: Results
    failovers: Sequence[Failover]
    open_circuit: OpenCircuit | None
    idle: Mapping[str, float]
    busy: Mapping[str, float]
    notes: Sequence[str]

    def result(self) -> Result:
        """Put it together."""
        return Result(
            benchmark="gateway",
            circumstances=self._circumstances(),
            tables={"load": self._load(), "summary": self._summary(), "failover": self._failover()},
            targets=self.targets(),
        )

    def _circumstances(self) -> list[str]:
        versions = ", ".join(f"{each.name} {each.version}" for each in self.contestants if each.version)
        notes = [f"{each.name}: {each.note}" for each in self.contestants if each.note]
        return [f"{today()} · {machine()}", versions, *self.notes, *notes, *self._errors()]

    def _errors(self) -> list[str]:
        return [
            f"{name}, {measure.name}: {samples.errors} failed, {samples.first_error}"
            for name in self._names
            for measure in MEASURES
            if (samples := self._of(name, measure)).errors
        ]

    # Tables -----------------------------------------------------------------------------------------------------------

    @property
    def _names(self) -> list[str]:
        return [each.name for each in self.contestants]

    def _of(self, name: str, measure: Measure) -> Samples:
        return self.results.get((name, measure.name), Samples())

    def _load(self) -> Table:
        rows: list[tuple[str, Cell]] = [
            *((f"plain answers per second, {text}", self._rate(measure)) for measure, text in _RATES.items()),
            ("CPU per plain answer, 32 connections, μs", self._cpu(lambda n: self._of(n, PLAIN).cpu_us_per_answer)),
            ("plain, 1 connection: added p50 / p99, ms", self._added(SINGLE, Samples.whole_ms)),
            ("plain, 16 connections, answer after 20 ms: added p50 / p99, ms", self._added(SIXTEEN, Samples.whole_ms)),
            ("stream, 1 connection: first token, added p50 / p99, ms", self._added(FIRST, Samples.first_token_ms)),
            (
                "tokens per second, saturated by 16 streams of 300 tokens",
                lambda n: number(self._of(n, TOKENS).tokens_per_second),
            ),
            ("the same: CPU per chunk, μs", self._cpu(lambda n: self._of(n, TOKENS).cpu_us_per_token)),
            ("CPU per chunk, 20 streams of 25 tokens/s, μs", self._cpu(lambda n: self._of(n, PACED).cpu_us_per_token)),
            ("20 streams of 25 tokens/s: first token, added p50 / p99, ms", self._added(PACED, Samples.first_token_ms)),
            ("memory at start / after all this, MB", self._memory),
        ]
        return Table(["", *self._names], [[text, *map(cell, self._names)] for text, cell in rows])

    def _rate(self, measure: Measure) -> Cell:
        return lambda name: number(self._of(name, measure).answers_per_second)

    def _cpu(self, figure: Callable[[str], float]) -> Cell:
        return lambda name: "" if name == DIRECT else number(figure(name))

    def _memory(self, name: str) -> str:
        return pair(self.idle[name], self.busy[name]) if name in self.idle else ""

    def _added(self, measure: Measure, percentile_of: Callable[[Samples, float], float]) -> Cell:
        def cell(name: str) -> str:
            own, all_ = ([percentile_of(self._of(each, measure), at) for at in (0.5, 0.99)] for each in (DIRECT, name))
            if name == DIRECT:
                return f"({pair(own[0], own[1])} itself)"
            return pair(all_[0] - own[0], all_[1] - own[1])

        return cell

    def _summary(self) -> Table:
        """The figures that most people look for, a row for each gateway."""
        single, first = self._added(SINGLE, Samples.whole_ms), self._added(FIRST, Samples.first_token_ms)
        columns: dict[str, Cell] = {
            "plain answers/s": self._rate(PLAIN),
            "added p50 / p99, ms": single,
            "first token, added p50 / p99, ms": first,
            "tokens/s": lambda name: number(self._of(name, TOKENS).tokens_per_second),
            "CPU per chunk, μs": self._cpu(lambda name: self._of(name, TOKENS).cpu_us_per_token),
        }
        rows = [[name, *(cell(name) for cell in columns.values())] for name in self._names if name != DIRECT]
        return Table(["", *columns], rows)

    # Failover ---------------------------------------------------------------------------------------------------------

    def _failover(self) -> Table:
        names = list(dict.fromkeys(each.gateway for each in self.failovers))
        by_place = {(each.fault, each.gateway): each for each in self.failovers}
        rows = [[text, *(_cell(by_place.get((fault, name))) for name in names)] for fault, text in _FAULT_TEXTS.items()]
        if self.open_circuit is not None:
            found = self.open_circuit
            said = f"{found.complete} of {found.asked} whole, {found.reached} asked, {number(found.added_ms)} ms"
            rows.append(["has an open circuit", *(said if name == SENTINEL else "" for name in names)])
        return Table(["A provider that …", *names], rows)

    # Targets ----------------------------------------------------------------------------------------------------------

    def targets(self) -> list[Target]:
        """What this project wants of itself, and what came of it."""
        if SENTINEL not in self._names:
            return []
        return [*self._plain_targets(), *self._stream_targets(), *self._failover_targets()]

    def _ratio(self, measure: Measure, rate: Callable[[Samples], float], peer: str) -> float:
        theirs = self._of(peer, measure)
        return rate(self._of(SENTINEL, measure)) / rate(theirs) if theirs.all and rate(theirs) else nan

    def _beyond_direct(self, measure: Measure, percentile_of: Callable[[Samples, float], float]) -> float:
        return percentile_of(self._of(SENTINEL, measure), 0.5) - percentile_of(self._of(DIRECT, measure), 0.5)

    def _plain_targets(self) -> list[Target]:
        litellm, portkey = (self._ratio(PLAIN, lambda s: s.answers_per_second, peer) for peer in (LITELLM, PORTKEY))
        added = self._beyond_direct(SINGLE, Samples.whole_ms)
        return [
            Target("plain answers/s against LiteLLM", litellm, 10, "times", is_minimum=True),
            Target("plain answers/s against Portkey", portkey, 2, "times", is_minimum=True),
            Target("added to a plain answer, p50", added, 1.5, "ms"),
        ]

    def _stream_targets(self) -> list[Target]:
        portkey = self._ratio(TOKENS, lambda s: s.tokens_per_second, PORTKEY)
        return [
            Target("added to the first token, p50", self._beyond_direct(FIRST, Samples.first_token_ms), 2, "ms"),
            Target("tokens/s against Portkey", portkey, 2, "times", is_minimum=True),
            Target("CPU per relayed chunk, saturated", self._of(SENTINEL, TOKENS).cpu_us_per_token, 11, "μs"),
        ]

    def _failover_targets(self) -> list[Target]:
        mine = {each.fault: each for each in self.failovers if each.gateway == SENTINEL}
        limits = {
            FAILING_MODEL: ("failover after a 500, p50", 20),
            BREAKING_MODEL: ("failover before the first token, p50", 20),
            CUT_MODEL: ("failover in mid-stream, p50", 50),
        }
        found = [
            Target(text, _if_whole(mine[fault]), limit, "ms")
            for fault, (text, limit) in limits.items()
            if fault in mine
        ]
        if self.open_circuit is not None:
            reached = self.open_circuit.reached
            found.append(Target("requests to a target behind an open circuit", reached, 0, "requests"))
        return found


def _if_whole(found: Failover) -> float:
    """Its time, if every answer was whole."""
    return found.added_ms if found.complete == found.asked else nan


def _cell(found: Failover | None) -> str:
    if found is None:
        return "-"
    rescued = f"{found.complete} of {found.asked} whole"
    return f"{rescued}, {pair(found.added_ms, found.worst_ms)} ms" if found.complete else rescued
