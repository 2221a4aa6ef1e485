"""`python -m benchmarks.tools`: sets everything up on loopback, measures, prints, and leaves nothing running.

Guard, recovery and hostile servers are measured with the sessions in this process; `/mcp` is that of a real
`sentinel serve`, before it the official client.
"""

import asyncio
import gc
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks._figures import Table, Target, number, pair, percentile
from benchmarks._machine import machine, revision, today, weather
from benchmarks._program import finish, parser, unwind_when_terminated
from benchmarks._programs import Cores, Program
from benchmarks._result import Result
from benchmarks.tools.calls import (
    CALCULATOR,
    LEGACY,
    MODERN,
    Beside,
    Gateway,
    calculator_over_http,
    gateway,
    guarded,
    hop,
)
from benchmarks.tools.registries import program
from benchmarks.tools.trouble import (
    CROWD,
    IN_FLIGHT,
    ODD,
    Kills,
    addresses,
    connect_seconds,
    kills,
    processes,
    worst_lags,
)
from scripts.project import PYTHON
from sentinel.tools.config import ServerConfig

WAIT_SECONDS = 1.0
HOSTILE = {
    "long_line": "a line of 20 MB",
    "flood": "64 MB on standard error",
    "trap": "a schema that takes for ever",
    "echo": "nothing",
}
AT_ADDRESSES = "at addresses, each of which greets after a second"
HOP = "through /mcp to HTTP, client of 2026-07-28"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is done."""

    guarded: int = 1_000
    hops: int = 500
    kills: int = 10
    crowds: int = 3
    hostile: int = 5

    @classmethod
    def quick(cls) -> "Plan":
        """Give an impression."""
        return cls(guarded=300, hops=200, kills=3, crowds=1, hostile=2)


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that was measured; `lags` by hostile tool, `connects` in seconds, of one server and of many."""

    guards: Mapping[str, Beside]
    hops: Mapping[str, Beside]
    kills: Kills
    connects: Mapping[str, tuple[float, float]]
    lags: Mapping[str, Sequence[float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = parser("tools", __doc__).parse_args(arguments)
    unwind_when_terminated()
    say_weather, plan = weather(), Plan.quick() if options.quick else Plan()
    gc.freeze()  # as the server does once it has started
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-bench-")))
        found = _measure(plan, folder, stack)
    return finish(report(found, plan, say_weather()), options)


def _measure(plan: Plan, folder: Path, stack: ExitStack) -> Found:
    cores = Cores.split()
    calculator, url = calculator_over_http(folder, cores)
    stack.callback(calculator.stop)
    guards = {
        "guarded, over stdio": asyncio.run(guarded(program(CALCULATOR), count=plan.guarded)),
        "guarded, over HTTP": asyncio.run(guarded(ServerConfig(url=url, trusted=True), count=plan.guarded)),
    }
    server, place = gateway(folder, cores, url)
    try:
        hops = asyncio.run(_hops(place, plan.hops))
    finally:
        server.stop()
    return Found(
        guards=guards,
        hops=hops,
        kills=asyncio.run(kills(count=plan.kills)),
        connects=_connects(plan, folder, stack),
        lags=asyncio.run(worst_lags(rounds=plan.hostile)),
    )


def _connects(plan: Plan, folder: Path, stack: ExitStack) -> dict[str, tuple[float, float]]:
    command: list[str | Path] = [PYTHON, "-m", ODD, "--http", "--wait", str(WAIT_SECONDS)]
    slow = Program(command, log=folder / "odd.log", talks=True)
    stack.callback(slow.stop)
    port = int(slow.hear()["port"])
    kinds: dict[str, Callable[[int], dict[str, ServerConfig]]] = {
        AT_ADDRESSES: lambda count: addresses(count, port),
        "processes, which share the cores": processes,
    }
    return {kind: (_connected(of(1), plan), _connected(of(CROWD), plan)) for kind, of in kinds.items()}


def _connected(servers: Mapping[str, ServerConfig], plan: Plan) -> float:
    return median(asyncio.run(connect_seconds(servers)) for _ in range(plan.crowds))


async def _hops(place: Gateway, count: int) -> dict[str, Beside]:
    return {
        HOP: await hop(place, mode=MODERN, server="http", count=count),
        "through /mcp to stdio, client of 2026-07-28": await hop(place, mode=MODERN, server="stdio", count=count),
        "through /mcp to HTTP, older client": await hop(place, mode=LEGACY, server="http", count=count),
    }


def report(found: Found, plan: Plan, weather: str) -> Result:
    """Put what was found into tables and hold it against the targets."""
    return Result(
        benchmark="tools",
        circumstances=[
            f"{today()} · {machine()}",
            f"Sentinel {revision()}",
            f"{plan.guarded:,} guarded calls each, {plan.hops:,} through `/mcp`, {plan.kills} kills, "
            f"{plan.hostile} of each hostile answer",
            weather,
        ],
        tables={"calls": _calls(found), "connects": _crowds(found), "hostile": _hostile(found.lags)},
        targets=_targets(found),
    )


def _calls(found: Found) -> Table:
    return Table(
        ["A call, one at a time", "without p50, ms", "with p50, ms", "added p50 / p95, ms"],
        [
            [
                name,
                number(percentile(beside.plain, 0.5)),
                number(percentile(beside.through, 0.5)),
                pair(beside.added_ms(0.5), beside.added_ms(0.95)),
            ]
            for name, beside in {**found.guards, **found.hops}.items()
        ],
    )


def _crowds(found: Found) -> Table:
    head = ["Sessions with servers, from nothing", "1, s", f"{CROWD}, s"]
    return Table(head, [[kind, number(one), number(many)] for kind, (one, many) in found.connects.items()])


def _hostile(lags: Mapping[str, Sequence[float]]) -> Table:
    return Table(
        ["A tool answers with …", "the loop stood still at worst, ms", "median of the worst, ms"],
        [[what, number(max(lags[name])), number(percentile(lags[name], 0.5))] for name, what in HOSTILE.items()],
    )


def _targets(found: Found) -> list[Target]:
    guards = [
        Target(f"tool call: {name}, added p50", each.added_ms(0.5), 0.3, "ms") for name, each in found.guards.items()
    ]
    one, many = found.connects[AT_ADDRESSES]
    worst = max(max(found.lags[name]) for name in HOSTILE if name != "echo")
    return [
        *guards,
        Target(f"tool call: {HOP}, added p50", found.hops[HOP].added_ms(0.5), 3, "ms"),
        Target(f"killed server: {IN_FLIGHT} calls in flight have failed, slowest", max(found.kills.failed), 100, "ms"),
        Target("killed server: ready again, slowest", max(found.kills.ready) / 1000, 2, "s"),
        Target(f"{CROWD} servers at addresses connect, against one", many / one, 3, "times"),
        Target("hostile tools: the loop stood still at worst", worst, 50, "ms"),
    ]


if __name__ == "__main__":
    sys.exit(main())
