"""`python -m benchmarks.gateway`: sets everything up on loopback, measures, prints, and leaves nothing running."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks._machine import weather
from benchmarks._program import finish, parser, unwind_when_terminated
from benchmarks._programs import CannotStartError, Cores
from benchmarks._result import Result
from benchmarks.gateway.contestants import ALL, DIRECT, SENTINEL, Contestant, Place, load_generator, upstream
from benchmarks.gateway.failover import measure_failovers, measure_open_circuit
from benchmarks.gateway.peers import NotInstalledError
from benchmarks.gateway.report import Report
from benchmarks.gateway.rounds import Bench

_ROUNDS, _FAILOVERS, _FAILOVERS_QUICK = 5, 40, 10
_QUICK_SCALE = 0.35


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    reader = parser("gateway", __doc__)
    reader.add_argument("--only", default=",".join(ALL), help=f"what to measure, from: {','.join(ALL)}")
    options = reader.parse_args(arguments)
    unwind_when_terminated()
    with ExitStack() as stack:
        result = _measure(options, stack)
    return finish(result, options)


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _measure(options: argparse.Namespace, stack: ExitStack) -> Result:
    say_weather = weather()
    cores = Cores.split()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentinel-bench-")))
    provider, port = upstream(folder, cores)
    stack.callback(provider.stop)
    place = Place(folder=folder, upstream_port=port, cores=cores)
    contestants, missing = _line_up(options.only.split(","), place, stack)
    idle = {each.name: each.megabytes() for each in contestants if each.program}
    load = load_generator(place)
    stack.callback(load.stop)
    bench = Bench(load, contestants)
    rounds, scale = (1, _QUICK_SCALE) if options.quick else (_ROUNDS, 1.0)
    results = bench.run(rounds=rounds, scale=scale, say=_say)
    by_name = {each.name: each for each in contestants}
    count = _FAILOVERS_QUICK if options.quick else _FAILOVERS
    failovers = measure_failovers(bench, by_name[DIRECT], count=count, say=_say)
    ours = by_name.get(SENTINEL)
    circuit = measure_open_circuit(bench, ours, by_name[DIRECT], count=count) if ours else None
    method = f"{rounds} interleaved round{'s' * (rounds > 1)}; one worker each; {cores.explanation}"
    return Report(
        contestants=contestants,
        results=results,
        failovers=failovers,
        open_circuit=circuit,
        idle=idle,
        busy={each.name: each.megabytes() for each in contestants if each.program},
        notes=[method, say_weather(), *missing],
    ).result()


def _line_up(names: Sequence[str], place: Place, stack: ExitStack) -> tuple[list[Contestant], list[str]]:
    """Start whoever can be started; `direct` is always there, because everything is compared with it."""
    started, missing = [], []
    for name in dict.fromkeys(["direct", *names]):
        _say(f"starting {name}")
        try:
            contestant = ALL[name](place)
        except (NotInstalledError, CannotStartError) as problem:
            missing.append(f"left out: {name}, because {problem}")
            continue
        stack.callback(contestant.stop)
        started.append(contestant)
    return started, missing


if __name__ == "__main__":
    sys.exit(main())
