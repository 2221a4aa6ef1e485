"""Who is next when more runs wait than may work: nobody starves, whoever asks how much.

Of four places in a row one goes to batch runs while any waits, the others to interactive ones. Within each kind the
callers take turns, and the runs of one caller keep their order.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator

from sentinel.domain.queues import INTERACTIVE_IN_A_ROW, QueuedRun
from sentinel.domain.runs import Priority


class FairOrder:
    """Runs that wait for a place."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._kinds = {priority: _Turns() for priority in Priority}
        self._waiting: dict[str, QueuedRun] = {}
        self._in_a_row = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._waiting

    def __iter__(self) -> Iterator[str]:
        return iter(self._waiting)

    def push(self, run: QueuedRun) -> None:
        """Let a run wait."""
        self._waiting[run.run_id] = run
        self._kinds[run.priority].push(run)

    def pop(self) -> QueuedRun:
        """Give the run whose turn it is; raises IndexError when none waits."""
        interactive, batch = self._kinds[Priority.INTERACTIVE], self._kinds[Priority.BATCH]
        is_batch = bool(batch) and (not interactive or self._in_a_row >= INTERACTIVE_IN_A_ROW)
        self._in_a_row = 0 if is_batch else self._in_a_row + 1
        run = (batch if is_batch else interactive).pop()
        del self._waiting[run.run_id]
        return run

    def remove(self, run_id: str) -> None:
        """Let a run wait no longer; nothing happens when it does not."""
        run = self._waiting.pop(run_id, None)
        if run is not None:
            self._kinds[run.priority].remove(run)

    def waiting(self) -> Counter[Priority]:
        """Count those who wait, by kind."""
        return Counter(run.priority for run in self._waiting.values())


class _Turns:
    """Callers in turn, each with its runs in order."""

    def __init__(self) -> None:
        self._callers: OrderedDict[str, deque[QueuedRun]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._callers)

    def push(self, run: QueuedRun) -> None:
        self._callers.setdefault(run.caller, deque()).append(run)

    def pop(self) -> QueuedRun:
        if not self._callers:
            message = "nobody waits"
            raise IndexError(message)
        caller, runs = self._callers.popitem(last=False)
        run = runs.popleft()
        if runs:
            self._callers[caller] = runs  # at the end: the others come first
        return run

    def remove(self, run: QueuedRun) -> None:
        runs = self._callers[run.caller]
        runs.remove(run)
        if not runs:
            del self._callers[run.caller]
