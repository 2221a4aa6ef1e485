"""`sentinel serve` with a profiler on its event loop's thread: `python -m benchmarks._profiled FILE`.

SIGUSR1 starts the profiler, SIGUSR2 writes what it has seen. It counts processor time, so waiting is free.
"""

import cProfile
import signal
import sys
import time
from types import FrameType

from sentinel.cli import app


def main(file: str) -> None:
    """Serve until SIGTERM."""
    profiler = cProfile.Profile(time.thread_time)

    def start(number: int, frame: FrameType | None) -> None:
        profiler.enable()

    def write(number: int, frame: FrameType | None) -> None:
        profiler.disable()
        profiler.dump_stats(file)

    signal.signal(signal.SIGUSR1, start)
    signal.signal(signal.SIGUSR2, write)
    app(["serve"])


if __name__ == "__main__":
    main(sys.argv[1])
