"""`make test`: the tests of the console, then those of everything else; both run, whatever the first one said."""

import subprocess
import sys
from collections.abc import Sequence

from scripts.project import FRONTEND, NPM, PYTHON, ROOT, child_environment
from scripts.steps import say


def main(arguments: Sequence[str]) -> int:
    """Run the suites; 0 when both passed. Arguments go to pytest."""
    environment = child_environment()
    say("console tests")
    console = subprocess.run([NPM, "run", "--silent", "test"], cwd=FRONTEND, env=environment, check=False).returncode
    say("\nbackend, wire, integration, cluster, browser and docs tests")
    backend = subprocess.run([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, env=environment, check=False).returncode
    if console:
        say("The console's tests failed: see above.")
    return 1 if console or backend else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
