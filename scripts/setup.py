"""Makes everything that a make target needs, and nothing twice: `python3 -m scripts.setup run|test|check|dev|lock|…`.

`scripts/python.sh` finds a Python for it. What is done is kept in stamps (`scripts/stamps.py`).
"""

import importlib.util
import platform
import sys
from collections.abc import Sequence

from scripts import node_steps, python_steps
from scripts.project import CACHE
from scripts.stamps import exclusive
from scripts.steps import Step, StepFailedError, Together, perform, say


def _base(goal: str) -> list[Step | Together]:
    packages = python_steps.packages(goal)
    return [
        python_steps.environment(),
        python_steps.installer(not_needed=packages.is_done),
        packages,
        python_steps.project(),
        python_steps.bytecode(),
        node_steps.node(),
        node_steps.modules(),
    ]


def steps_for(goal: str) -> list[Step | Together]:
    """The steps that a make target needs, in order."""
    match goal:
        case "run":
            return [*_base("runtime"), node_steps.console()]
        case "dev":
            return _base("runtime")
        case "check":
            return _base("dev")
        case "bench" | "cluster":
            return [*_base("dev"), node_steps.console()]
        case "test":
            return [*_base("dev"), *_for_tests()]
        case "lock":
            return [python_steps.environment(), python_steps.installer()]
        case _:
            message = f"unknown goal {goal!r}: run, dev, check, test, bench, cluster or lock"
            raise StepFailedError(message)


def _for_tests() -> list[Step | Together]:
    """The console needs a processor, the packages of others need the network: they do not wait for each other."""
    others = [python_steps.third_party(name) for name in ("third-party", "third-party-legacy")]
    downloads = [node_steps.client(), node_steps.third_party(), *others]
    return [Together((node_steps.console(), *downloads)), *_browser()]


def _browser() -> list[Step]:
    """The packaged browser is built for this kind of machine only; elsewhere the tests look for an installed one."""
    suits = sys.platform == "linux" and platform.machine() == "x86_64"
    return [node_steps.browser()] if suits else []


def _missing() -> str | None:
    """What this Python lacks to begin with, in one line."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        wanted = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        return f"this Python cannot make virtual environments: install the system package {wanted}"
    return None


def main(arguments: Sequence[str]) -> int:
    """Do the steps of one goal; 0 when all is there."""
    missing = _missing()
    if missing:
        say(f"set-up: {missing}")
        return 1
    try:
        with exclusive(CACHE / "setup.lock", waiting=lambda: say("  waiting for another set-up in this folder …")):
            perform(steps_for(arguments[0] if arguments else "run"))
    except StepFailedError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nset-up: interrupted; run the same command again to continue where it stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
