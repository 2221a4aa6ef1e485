"""`make test`: the tests of the console, and those of everything else in two halves side by side; all run to their end.

Each takes about as long as the other, and much of it is waiting for processes to start.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Final

from scripts.project import FRONTEND, NPM, PYTHON, ROOT, child_environment
from scripts.steps import say

HALVES: Final = (("unit", "wire", "docs", "acceptance", "cluster", "browser"), ("integration",))
"""The folders of `tests` that each half takes."""


def main(arguments: Sequence[str]) -> int:
    """Run the suites; 0 when all passed. Arguments go to pytest, which then runs alone."""
    console = _console()
    backend = _pytest(arguments).wait() if arguments else _halves()
    if console:
        say("The console's tests failed: see above.")
    return 1 if console or backend else 0


def _console() -> int:
    say("console tests")
    command = [str(NPM), "run", "--silent", "test"]
    return subprocess.run(command, cwd=FRONTEND, env=child_environment(), check=False).returncode


def _halves() -> int:
    """Run both halves at once; what the second one says is shown when the first one has ended."""
    first, second = ([*(f"tests/{folder}" for folder in folders), _cache(folders[0])] for folders in HALVES)
    say(f"\n{' and '.join(', '.join(folders) for folders in HALVES)} tests, side by side")
    with tempfile.TemporaryFile() as said:
        beside = _pytest(second, output=said)
        codes = [_pytest(first).wait(), beside.wait()]
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return max(codes)


def _cache(name: str) -> str:
    return f"--override-ini=cache_dir=.cache/pytest-{name}"


def _pytest(arguments: Sequence[str], *, output: IO[bytes] | None = None) -> "subprocess.Popen[bytes]":
    command = [str(PYTHON), "-m", "pytest", *arguments]
    stderr = subprocess.STDOUT if output else None
    return subprocess.Popen(command, cwd=ROOT, env=child_environment(), stdout=output, stderr=stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
