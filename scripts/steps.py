"""How a set-up step runs: skipped when its stamp holds, one line of progress otherwise, and help when it fails."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.project import CACHE, ROOT, child_environment
from scripts.stamps import Stamp

_SHOWN_LINES = 40


class StepFailedError(Exception):
    """A command of a step failed; the text is what a person needs to see."""


@dataclass(frozen=True)
class Step:
    """One thing that set-up makes.

    `key` is the digest of the step's inputs, `present` whether its result is still there, `log` the name of its log.
    """

    title: str
    log: str
    stamp: Stamp
    key: Callable[[], str]
    present: Callable[[], bool]
    run: Callable[["Commands"], None]
    hint: str

    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        return self.present() and self.stamp.matches(self.key())


class Commands:
    """Runs the commands of one step, with their output in a log.

    `was_cut_short`: an earlier try did not come to its end, so what it left cannot be trusted.
    """

    def __init__(self, log: Path, *, hint: str, was_cut_short: bool) -> None:
        self.was_cut_short = was_cut_short
        self._log = log
        self._hint = hint
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")

    def __call__(self, *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end.

        Raises:
            StepFailedError: it could not be started or did not exit with 0.
        """
        words = [str(word) for word in command]
        if self.try_run(words, cwd=cwd, env=env) != 0:
            raise StepFailedError(self._explanation(words))

    def try_run(self, words: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> int:
        """Run a command to its end and return its exit code, 127 if it could not be started."""
        with self._log.open("ab") as log:
            try:
                return subprocess.run(
                    words,
                    cwd=cwd,
                    env=env or child_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=False,
                ).returncode
            except OSError as error:
                log.write(f"{error}\n".encode())
                return 127

    def _explanation(self, words: Sequence[str]) -> str:
        tail = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        shown = "\n".join(f"    {line}" for line in tail)
        return f"  command: {' '.join(words)}\n{shown}\n  hint: {self._hint}\n  whole output: {self._log}"


@dataclass(frozen=True)
class Together:
    """Steps that do not need each other's results, done at once."""

    steps: tuple[Step, ...]


def perform(steps: Sequence[Step | Together]) -> None:
    """Do what is not done yet, in order.

    Raises:
        StepFailedError: a step failed; those before it, and those done at once with it, stay done.
    """
    for each in steps:
        members = each.steps if isinstance(each, Together) else (each,)
        undone = [step for step in members if not step.is_done()]
        if len(undone) > 1:
            _perform_together(undone)
        elif undone:
            say(f"  {undone[0].title} … ", end="")
            _perform(undone[0], name="")


def _perform_together(steps: Sequence[Step]) -> None:
    """Do steps at once; each has its line when it ends. All of them come to their end, also if one fails."""
    say(f"  in parallel: {', '.join(step.title for step in steps)} …")
    with ThreadPoolExecutor(len(steps)) as pool:
        results = [pool.submit(_perform, step, name=f"  {step.title} … ") for step in steps]
    for result in results:
        result.result()


def _perform(step: Step, *, name: str) -> None:
    begin, key = time.monotonic(), step.key()
    log = CACHE / "logs" / f"{step.log}.log"
    try:
        step.run(Commands(log, hint=step.hint, was_cut_short=step.stamp.begin()))
    except BaseException:
        say(f"{name}failed")
        raise
    step.stamp.write(key)
    say(f"{name}{time.monotonic() - begin:.1f} s")


def say(text: str, *, end: str = "\n") -> None:
    """Write progress at once, also into a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()
