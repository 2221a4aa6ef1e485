"""`make soak`: play after play on every topology, each with its own seed, until the time is up or one fails."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from itertools import count

from scripts.cluster.topology import cluster_folder
from scripts.project import CACHE
from scripts.steps import say
from tests.cluster.play import Play, Report, write_bundle
from tests.cluster.stage import STAGES, Stage

BUNDLES = CACHE / "cluster"
RUNS_PER_DEED = 5


async def performed(stage: Stage, *, seed: int, runs: int, most_deeds: int) -> Report:
    """Give a play on a stage, which is taken down afterwards; what breaks an invariant leaves a bundle behind."""
    try:
        await asyncio.to_thread(stage.start)
        report = await Play(stage, seed, runs, most_deeds).perform()
    finally:
        await asyncio.to_thread(stage.stop)
    report.broken.extend(f"processes: {pid} was left behind" for pid in stage.left_behind())
    if report.broken:
        write_bundle(BUNDLES, report, stage.logs)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Play until the time is over; 1 as soon as an invariant does not hold."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # it cancels: all is stopped
    until = time.monotonic() + 60 * options.minutes
    say(f"soak: seed {options.seed}, {options.runs} runs per play, {options.minutes:g} minutes")
    for seed in count(options.seed):
        for name in options.stage or STAGES:
            with cluster_folder() as folder:
                report = asyncio.run(
                    performed(
                        STAGES[name](folder), seed=seed, runs=options.runs, most_deeds=options.runs // RUNS_PER_DEED
                    )
                )
            say(str(report))
            if report.broken:
                say(f"to repeat it: make soak SEED={seed} RUNS={options.runs} STAGE={name}; see {BUNDLES}")
                return 1
            if time.monotonic() > until:
                return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the first play; each further play takes the next number"
    )
    parser.add_argument("--minutes", type=float, default=10, help="begin no new play after this many minutes")
    parser.add_argument("--runs", type=int, default=200, help="number of questions in a play")
    parser.add_argument("--stage", choices=STAGES, action="append", help="play only on this topology")
    return parser


if __name__ == "__main__":
    sys.exit(main())
