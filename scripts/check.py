"""`make check`: every check that needs no running program. All of them run; the failures are listed at the end."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from scripts.project import FRONTEND, NPM, PYTHON, ROOT, VENV, child_environment
from scripts.steps import say

_AT_ONCE = 2


@dataclass(frozen=True)
class Check:
    """One command that fails if something is not as it should be; `remedy` is what mends it, if a command does."""

    title: str
    command: list[str]
    remedy: str = ""
    cwd: Path = ROOT
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    check: Check
    passed: bool
    seconds: float
    output: str


def _module(title: str, *arguments: str, remedy: str = "") -> Check:
    return Check(title, [str(PYTHON), "-m", *arguments], remedy)


def _npm(title: str, script: str, *, remedy: str = "") -> Check:
    return Check(title, [str(NPM), "run", "--silent", script], remedy, cwd=FRONTEND)


CHECKS = (
    _module("types (mypy)", "mypy"),
    _npm("console types (tsc)", "typecheck"),
    _npm("console lint (eslint)", "lint"),
    _npm("console format (prettier)", "format:check", remedy="make format"),
    Check("import layers", [str(VENV / "bin" / "lint-imports"), "--no-logo"]),
    _module("format (ruff)", "ruff", "format", "--check", ".", remedy="make format"),
    _module("lint (ruff)", "ruff", "check", "."),
    _module("locks", "scripts.lock", "--check", remedy="make lock"),
    _module("migrations equal the tables", "scripts.migrations"),
    _module("OpenAPI schema and console types", "scripts.openapi", "--check", remedy="make openapi"),
)


def _run(check: Check) -> Outcome:
    begin = time.monotonic()
    result = subprocess.run(
        check.command,
        cwd=check.cwd,
        env=child_environment(**check.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(check, result.returncode == 0, time.monotonic() - begin, result.stdout)


def _report(outcome: Outcome, *, shows_all: bool) -> None:
    mark = "ok    " if outcome.passed else "FAILED"
    say(f"  {mark} {outcome.check.title} ({outcome.seconds:.1f} s)")
    if shows_all or not outcome.passed:
        say(outcome.output.rstrip())
    if outcome.check.remedy and not outcome.passed:
        say(f"  mend it with: {outcome.check.remedy}")


def run_all(checks: Sequence[Check], *, name: str = "checks", shows_all: bool = False) -> int:
    """Run them, two at a time, report each as it ends and sum up; 0 when all passed.

    What those say that passed is left out unless `shows_all`.
    """
    outcomes = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for finished in as_completed([pool.submit(_run, check) for check in checks]):
                outcomes.append(finished.result())
                _report(outcomes[-1], shows_all=shows_all)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)  # what has not begun does not begin any more
            raise
    failed = [f"\n  {outcome.check.title}" for outcome in outcomes if not outcome.passed]
    say(f"{name}: {len(outcomes) - len(failed)} passed, {len(failed)} failed" + "".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_all(CHECKS))
