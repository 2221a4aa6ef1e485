"""`make bench`: runs the programs in `benchmarks/`, one after the other, all or those that are named.

Words that begin with a dash are handed to each of them.
"""

import subprocess
import sys
from collections.abc import Sequence

from scripts.project import PYTHON, ROOT, child_environment
from scripts.steps import say


def programs() -> dict[str, str]:
    """Name → module of each benchmark; a leading underscore marks what they share."""
    found = [*(ROOT / "benchmarks").glob("[!_]*.py"), *(ROOT / "benchmarks").glob("[!_]*/__main__.py")]
    names = sorted(file.parent.name if file.name == "__main__.py" else file.stem for file in found)
    return {name: f"benchmarks.{name}" for name in names}


def main(arguments: Sequence[str]) -> int:
    """Run benchmarks by name, all without one; 0 when each ended well."""
    known = programs()
    options = [word for word in arguments if word.startswith("-")]
    names = [word for word in arguments if word not in options]
    unknown = [name for name in names if name not in known]
    if unknown:
        say(f"no such benchmark: {', '.join(unknown)}; choose from: {', '.join(known)}")
        return 1
    codes = [_run(known[name], options) for name in names or known]
    return max(codes, default=0)


def _run(module: str, options: Sequence[str]) -> int:
    say(f"\n{module}")
    return subprocess.run([PYTHON, "-m", module, *options], cwd=ROOT, env=child_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
