"""`make test`: the tests of the console, and those of everything else in parts, two at a time; all run to their end.

A part is what one pytest takes. Whoever has ended one takes the next, so nothing has to be shared out by hand.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from scripts.check import Check, run_all
from scripts.project import FRONTEND, NPM, PYTHON, ROOT, child_environment
from scripts.steps import say

PARTS: Final = (
    ("browser",),
    ("cluster",),
    ("integration/api",),
    ("integration/queue", "integration/coordination"),
    ("acceptance",),
    ("unit",),
    ("integration/gateway", "integration/tools"),
    ("integration/runs", "integration/persistence"),
    ("docs", "wire"),
)
"""The folders of `tests` that go together because they are small, or share what costs a start; the longest first."""


def main(arguments: Sequence[str]) -> int:
    """Run the suites; 0 when all passed. Arguments go to pytest, which then runs alone."""
    console = _console()
    backend = _alone(arguments) if arguments else _in_parts()
    if console:
        say("The console's tests failed: see above.")
    return 1 if console or backend else 0


def _console() -> int:
    say("console tests")
    command = [str(NPM), "run", "--silent", "test"]
    return subprocess.run(command, cwd=FRONTEND, env=child_environment(), check=False).returncode


def _alone(arguments: Sequence[str]) -> int:
    return subprocess.run(_pytest(*arguments), cwd=ROOT, env=child_environment(), check=False).returncode


def _in_parts() -> int:
    """Run all parts; what each says is shown when it has ended."""
    say(f"\n{len(PARTS)} parts of the other tests, two at a time")
    parts = [Check(", ".join(folders), _pytest(*_folders(folders), _cache(folders[0]))) for folders in PARTS]
    return run_all(parts, name="parts", shows_all=True)


def _folders(names: Sequence[str]) -> list[str]:
    return [f"tests/{name}" for name in names]


def _cache(name: str) -> str:
    return f"--override-ini=cache_dir=.cache/pytest-{name.replace('/', '-')}"


def _pytest(*arguments: str) -> list[str]:
    return [str(PYTHON), "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
