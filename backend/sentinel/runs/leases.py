"""The leases of this process: which runs it works on, and how long it may be certain that nobody else does.

One statement renews all of them, each as long as somebody is inside `claimed`. A lease that could not be renewed in
time is not certain: whoever works under it waits before anything that has an effect, until it is renewed or lost.
Above: the runner claims and works. Below: `RunStore` holds the leases, by the database's clock.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

from langgraph.runtime import RunControl

from sentinel.clock import Clock
from sentinel.domain.runs import Run
from sentinel.domain.stores import RunStore
from sentinel.errors import FenceLostError, StoreError, StoreUnavailableError
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import repeated, survived

logger = get_logger(__name__)

T = TypeVar("T")

_TRY_AGAIN_SECONDS = 0.5
_RELEASE_SECONDS = 2.0
_TRIES_PER_LEASE = 3  # a renewal that hangs must leave time for another one


class Stop(StrEnum):
    """Why the work under a lease was stopped."""

    CANCELLED = "cancelled"
    """The caller wants the run to end."""
    HANDED_OVER = "handed_over"
    """The process is about to stop; somebody else goes on."""
    LOST = "lost"
    """Somebody else works on the run, or it has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOptions:
    """`owner` names this process and no other; `watch_seconds` is how soon a cancellation from elsewhere is seen."""

    owner: str
    lease_seconds: float = 6.0
    renew_seconds: float = 2.0
    watch_seconds: float = 0.5


class Lease:
    """The right to work on one run, as far as this process knows."""

    def __init__(self, run: Run, *, clock: Clock, until: float) -> None:
        """Hold `run` until this monotonic time."""
        self.run = run
        self.control = RunControl()
        self.stopped: Stop | None = None
        self._clock = clock
        self._until = until
        self._news = asyncio.Event()
        self._work: asyncio.Task[Any] | None = None

    @property
    def is_certain(self) -> bool:
        """Tell whether nobody else can hold the run now."""
        return self.stopped is not Stop.LOST and self._clock.monotonic() < self._until

    async def ensure(self) -> None:
        """Return when the lease is certain: at once as a rule, else when it is renewed.

        Raises:
            FenceLostError: somebody else has the run.
        """
        while not self.is_certain:
            self.check()
            self._news.clear()
            await self._news.wait()

    def check(self) -> None:
        """Raise FenceLostError if somebody else is known to have the run."""
        if self.stopped is Stop.LOST:
            message = f"run {self.run.run_id!r} is worked on by somebody else, or has ended"
            raise FenceLostError(message)

    async def perform(self, work: Coroutine[Any, Any, T]) -> T:
        """Work in a task that `stop` ends; CancelledError is raised then, and `stopped` says why.

        Whoever is cancelled while it waits here is understood to hand the run over.
        """
        self._work = asyncio.create_task(work, name=f"drive-{self.run.run_id}")
        if self.stopped is not None:
            self._work.cancel()
        try:
            return await self._work  # type: ignore[no-any-return]  # the task of this very work
        except asyncio.CancelledError:
            self.stopped = self.stopped or Stop.HANDED_OVER
            raise

    def stop(self, why: Stop) -> None:
        """Stop the work; the first reason counts, but for one: what is lost is lost."""
        if self.stopped is None or why is Stop.LOST:
            is_first, self.stopped = self.stopped is None, why
            self._news.set()
            if is_first and self._work is not None:
                self._work.cancel()

    def renewed(self, until: float) -> None:
        """Note until when it is certain now."""
        self._until = until
        self._news.set()


class Leases:
    """Claims runs and renews what is held. Enter it to start, leave it to release what is still held."""

    def __init__(self, *, runs: RunStore, clock: Clock, options: LeaseOptions) -> None:
        """Build it; nothing is renewed before it is entered."""
        self.owner = options.owner
        self._runs = runs
        self._clock = clock
        self._options = options
        self._held: dict[str, Lease | None] = {}
        self._no_takeover_before = clock.monotonic()
        self._is_draining = False
        self._is_renewing = True
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        watch = repeated(
            "watch for cancellations", self.watch, clock=self._clock, every_seconds=self._options.watch_seconds
        )
        loops = {"leases-renew": self._renew_for_ever(), "leases-watch": watch}
        self._tasks = [asyncio.create_task(work, name=name) for name, work in loops.items()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await ended(*self._tasks)
        with suppress(StoreError, TimeoutError):  # they lapse by themselves
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._runs.release(self.owner)

    @property
    def may_take_over(self) -> bool:
        """Tell whether a lapsed lease means a dead holder: not just after the database was away for all of them."""
        return self._clock.monotonic() >= self._no_takeover_before

    def note_outage(self) -> None:
        """Hear that the database is away: for the length of a lease nobody's lapsed lease is held against them."""
        self._no_takeover_before = self._clock.monotonic() + self._options.lease_seconds

    @asynccontextmanager
    async def claimed(self, run_id: str, *, goes_on: bool = False) -> AsyncIterator[Lease | None]:
        """Hold the run while the context is open, if it can be had; None: it has ended, or somebody works on it.

        `goes_on`: it was held a moment ago, by whoever asks now.

        Raises:
            StoreUnavailableError: nobody can tell.
        """
        if run_id in self._held:
            yield None
            return
        self._held[run_id] = None
        try:
            self._held[run_id] = lease = await self._claim(run_id, goes_on=goes_on)
            yield lease
        finally:
            del self._held[run_id]

    async def release(self, run_id: str) -> None:
        """Let somebody else go on at once; when the database is away, they have to wait for the lease to lapse."""
        with suppress(StoreUnavailableError):
            await self._runs.release(self.owner, run_id)

    def stop(self, run_id: str) -> None:
        """Stop a run that is worked on here because its caller wants it to end."""
        lease = self._held.get(run_id)
        if lease is not None:
            lease.stop(Stop.CANCELLED)

    def request_drain(self) -> None:
        """Let all work under leases end with the step that is under way."""
        self._is_draining = True
        for lease in filter(None, self._held.values()):
            lease.control.request_drain()

    async def renew(self) -> bool:
        """Renew what is worked on; gives whether the database answered, which is asked also when there is nothing."""
        leases = {run_id: lease for run_id, lease in self._held.items() if lease}
        until = self._clock.monotonic() + self._options.lease_seconds
        try:
            async with asyncio.timeout(self._options.lease_seconds / _TRIES_PER_LEASE):
                ours = await self._runs.renew(leases, owner=self.owner, lease_seconds=self._options.lease_seconds)
        except (StoreError, TimeoutError) as error:
            self.note_outage()
            self._tell(is_renewing=False, detail=str(error) or "the database does not answer")
            return False
        self._tell(is_renewing=True)
        for run_id, lease in leases.items():
            if run_id in ours:
                lease.renewed(until)
            else:
                lease.stop(Stop.LOST)
        return True

    def _tell(self, *, is_renewing: bool, detail: str = "runs can begin steps again") -> None:
        if is_renewing is not self._is_renewing:
            self._is_renewing = is_renewing
            tell = logger.info if is_renewing else logger.warning
            tell("leases_renewed_again" if is_renewing else "leases_not_renewed", detail=detail)

    async def watch(self) -> None:
        """Stop what callers have cancelled through another process."""
        if self._held:
            with suppress(StoreError):  # the renewal tells of it
                for run_id in await self._runs.cancelled(self.owner):
                    self.stop(run_id)

    async def _claim(self, run_id: str, *, goes_on: bool) -> Lease | None:
        seconds = self._options.lease_seconds
        until = self._clock.monotonic() + seconds
        run = await self._runs.claim(
            run_id,
            owner=self.owner,
            lease_seconds=seconds,
            at=self._clock.now(),
            may_take_over=self.may_take_over,
            goes_on=goes_on,
        )
        if run is None:
            return None
        lease = Lease(run, clock=self._clock, until=until)
        if self._is_draining:
            lease.control.request_drain()
        return lease

    async def _renew_for_ever(self) -> None:
        answered = True
        while True:
            await self._clock.sleep(self._options.renew_seconds if answered else _TRY_AGAIN_SECONDS)
            answered = False
            with survived("renew leases"):
                answered = await self.renew()
