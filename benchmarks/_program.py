"""What every benchmark does as a program: read its options, leave nothing running, print and publish its result."""

import argparse
import signal
import sys
from types import FrameType

from benchmarks._pages import publish
from benchmarks._result import Result


def parser(benchmark: str, description: str | None) -> argparse.ArgumentParser:
    """Return a command line with the options that every benchmark has."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{benchmark}", description=description)
    kind = made.add_mutually_exclusive_group()
    kind.add_argument("--quick", action="store_true", help="measure only briefly: an impression, not a result")
    kind.add_argument("--write-docs", action="store_true", help="write the results into the pages that show them")
    return made


def unwind_when_terminated() -> None:
    """Let a SIGTERM unwind the program, so that everything it started is stopped."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def finish(result: Result, options: argparse.Namespace) -> int:
    """Print a result, and publish it if that is wanted; gives the exit code."""
    print(result.text())
    if options.write_docs:
        publish(result)
    return 0
