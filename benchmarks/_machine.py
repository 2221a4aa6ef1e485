"""What a result must be read with: the machine, its load, and the versions of what was measured."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from scripts.project import ROOT

_SOURCES = ("backend", "benchmarks", "mcp_servers", "requirements")


def machine() -> str:
    """Processor, cores, kernel and Python in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{_processor()}, {cores} cores · {system} · Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def weather() -> Callable[[], str]:
    """Note how busy the machine is; gives what says it, together with how busy it is then."""
    before = os.getloadavg()[0]
    return lambda: f"load average before the run {before:.2f}, at its end {os.getloadavg()[0]:.2f}{_priority()}"


def _priority() -> str:
    """Say so where all of this goes before everything else on the machine (`chrt -f 1`)."""
    is_first = sys.platform == "linux" and os.sched_getscheduler(0) != os.SCHED_OTHER
    return "; with real-time priority over whatever else the machine did" if is_first else ""


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def revision() -> str:
    """The commit that is measured, marked if the sources differ from it."""
    try:
        commit = _git("rev-parse", "--short=10", "HEAD")
        return f"{commit} with changes" if _git("status", "--porcelain", "--", *_SOURCES) else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
