"""Where the gateway's processor time goes, by part: `python -m benchmarks.profile`.

The server runs under a profiler, which makes calls of Python functions dearer than they are: shares are an indication,
and no figure of speed comes from here.
"""

import pstats
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._figures import Table
from benchmarks._machine import machine, revision, today
from benchmarks._program import finish, parser, unwind_when_terminated
from benchmarks._programs import Cores, Program
from benchmarks._result import Result
from benchmarks.gateway.contestants import Place, load_generator, sentinel, upstream
from benchmarks.gateway.rounds import PLAIN, TOKENS, Bench, Measure
from scripts.project import PYTHON

LOADS = {"plain answers": PLAIN, "streams of 300 tokens": TOKENS}
PARTS = {
    "sentinel/gateway": "relay: requests, frames, answers (`sentinel.gateway`)",
    "sentinel/providers": "attempts, timers, classification (`sentinel.providers`)",
    "sentinel/resilience": "circuits, holds, planner, ledger (`sentinel.resilience`)",
    "sentinel/": "the rest of Sentinel: middleware, records, metrics",
    "/aiohttp/": "HTTP client (aiohttp)",
    "/uvicorn/": "HTTP server (uvicorn)",
    "/starlette/": "framework (FastAPI, Starlette)",
    "/fastapi/": "framework (FastAPI, Starlette)",
}
ELSEWHERE = "event loop, sockets, standard library"
_Key = tuple[str, int, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile and print."""
    options = parser("profile", __doc__).parse_args(arguments)
    unwind_when_terminated()
    seconds = 2.0 if options.quick else 8.0
    shares = {name: _profiled(measure, seconds) for name, measure in LOADS.items()}
    parts = sorted(
        {part for found in shares.values() for part in found}, key=lambda part: -shares["plain answers"][part]
    )
    rows = [[part, *(f"{found[part]:.0%}" for found in shares.values())] for part in parts]
    result = Result(
        benchmark="profile",
        circumstances=[f"{today()} · {machine()}", f"Sentinel {revision()}, the thread of its event loop"],
        tables={"parts": Table(["Part", *shares], rows)},
        targets=[],
    )
    return finish(result, options)


def _profiled(measure: Measure, seconds: float) -> Counter[str]:
    """Load a gateway under the profiler; gives the share of each part."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-bench-")))
        provider, port = upstream(folder, Cores.split())
        stack.callback(provider.stop)
        place = Place(folder=folder, upstream_port=port, cores=Cores.split())
        profile = folder / "profile"
        gateway = sentinel(place, program=(PYTHON, "-m", "benchmarks._profiled", profile))
        stack.callback(gateway.stop)
        load = load_generator(place)
        stack.callback(load.stop)
        bench, job = Bench(load, [gateway]), replace(measure, seconds=seconds).job(gateway.port, gateway.plain)
        bench.sample(gateway, replace(job, seconds=1.0))
        _running(gateway.program).send(signal.SIGUSR1)
        bench.sample(gateway, job)
        _running(gateway.program).send(signal.SIGUSR2)
        _running(gateway.program).wait_for(profile.exists)
        gateway.stop()
        return shares_of(vars(pstats.Stats(str(profile)))["stats"])


def _running(program: Program | None) -> Program:
    assert program is not None, "it was started"
    return program


def part_of(file: str) -> str:
    """Tell which part a source file belongs to."""
    return next((part for place, part in PARTS.items() if place in file), ELSEWHERE)


def shares_of(stats: Mapping[_Key, Any]) -> Counter[str]:
    """Divide the time by part; what built-in functions took is their callers'."""
    seconds: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        if file != "~":
            seconds[part_of(file)] += own
        for (caller, _, _), (_, _, spent, _) in callers.items() if file == "~" else ():
            seconds[part_of(caller)] += spent
    total = seconds.total()
    return Counter({part: spent / total for part, spent in seconds.items()})


if __name__ == "__main__":
    sys.exit(main())
