"""What hands runs to those who work on them: a queue within the process, or one in the database for many machines.

A queue only wakes a worker. The run's row and its lease (`RunStore.claim`) decide who may work on it, so a run that is
handed out twice, or after it has ended, does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sentinel.domain.runs import Priority, Run

INTERACTIVE_IN_A_ROW = 3
"""After so many interactive runs it is the turn of a batch run, if one waits."""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run that waits for a worker. Runs of one `caller` (empty: not known) do not keep others waiting."""

    run_id: str
    thread_id: str
    priority: Priority = Priority.INTERACTIVE
    caller: str = ""

    @classmethod
    def of(cls, run: Run, *, caller: str = "") -> "QueuedRun":
        """Read it from the run."""
        return cls(run.run_id, run.thread_id, run.options.priority, caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """What waits and who works, in all processes of one database. `workers`: processes that take runs."""

    waiting: Mapping[Priority, int] = field(default_factory=dict)
    oldest_waiting_seconds: float = 0.0
    running: int = 0
    workers: int = 0


class RunQueue(Protocol):
    """The seam between accepting runs and working on them."""

    @property
    def figures(self) -> QueueFigures:
        """What waits and who works, as it was a moment ago."""
        ...

    @property
    def active(self) -> int:
        """How many runs this process waits for or works on."""
        ...

    @property
    def is_draining(self) -> bool:
        """Whether new runs are refused, because the process is about to stop."""
        ...

    def ensure_accepting(self) -> None:
        """Do nothing while runs are taken; raises ShuttingDownError when the process is about to stop."""
        ...

    async def submit(self, run: QueuedRun) -> None:
        """Put a run in the queue; one that is there already, or is worked on here, stays as it is.

        Raises:
            ShuttingDownError: the process is draining; the run stays stored and is found by others, or the next start.
            StoreUnavailableError: the queue cannot be written; the run stays stored, and is found when it can be read.
        """
        ...

    async def stop(self, run_id: str) -> None:
        """See to it that a run whose cancellation is noted in the store ends within a second, wherever it is."""
        ...

    async def drain(self, grace_seconds: float) -> None:
        """Take nothing new and hand over what is worked on: at the end of a step, or where it is after the grace."""
        ...
