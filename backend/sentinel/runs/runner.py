"""The runner: claims a run, drives the graph in its own task, and ends the run exactly once.

Readers never touch this task; a lost reader changes nothing, and only `task.cancel()` stops the work.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained, GraphRecursionError

from sentinel.clock import Clock
from sentinel.domain.events import Event, Phase
from sentinel.domain.routes import Route
from sentinel.domain.runs import Run, RunEnding
from sentinel.domain.stores import EventLog, Journal, RunStore
from sentinel.errors import (
    FenceLostError,
    RecursionLimitError,
    RunInterruptedError,
    SentinelError,
    StoreError,
    StoreUnavailableError,
    UnknownRouteError,
)
from sentinel.graph.builder import BEGINS, RECURSION_LIMIT, AgentGraph
from sentinel.graph.context import Collaborators, Interruption, RunContext
from sentinel.graph.emissions import Commit
from sentinel.graph.endings import ending
from sentinel.graph.state import RunState, initial_state
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.pauses import growing_pauses
from sentinel.runs.drive import Drive, Left
from sentinel.runs.leases import Lease, Leases, Stop
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger, log_context

logger = get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 2.0
_LAST_NODE = ("log",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """A run that was taken over from more than `max_takeovers` dead holders is given up."""

    max_takeovers: int = 3
    heartbeat_seconds: float = 8.0


def _ignore(*_: object) -> None:
    """Do nothing: the listener where nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerListeners:
    """Who is told that a run was taken over, and how one ended, once that is committed; must not wait or raise."""

    recovered: Callable[[Run], None] = _ignore
    ended: Callable[[Run, RunEnding], None] = _ignore


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Drives runs, one call of `run` each."""

    runs: RunStore
    leases: Leases
    events: EventLog
    journal: Journal
    graph: AgentGraph
    parts: Collaborators
    routes: Mapping[str, Route]
    clock: Clock
    options: RunnerOptions
    listeners: RunnerListeners = RunnerListeners()
    rng: Callable[[], float] = random.random  # noqa: S311 - spreads retries, protects no secret

    async def run(self, run_id: str) -> None:
        """Claim the run and bring it to its end; does nothing if it has ended or somebody else works on it.

        Cancelling this task hands the run over to whoever claims it next. While the database is away the run pauses,
        and goes on from its checkpoint.
        """
        with log_context(run_id=run_id):
            failure: StoreError | None = None
            for pause in growing_pauses(
                first_seconds=_FIRST_PAUSE_SECONDS, longest_seconds=_LONGEST_PAUSE_SECONDS, rng=self.rng
            ):
                try:
                    await self._work_on(run_id, failure)
                except StoreUnavailableError as error:
                    failure = error
                    logger.warning("run_pauses", detail=error.message)
                    await self.clock.sleep(pause)
                except StoreError as error:
                    if failure is not None and not isinstance(failure, StoreUnavailableError):
                        raise
                    failure = error
                    logger.error("log_refused", detail=error.message)  # noqa: TRY400 - the message says it
                else:
                    return

    def stop(self, run_id: str) -> None:
        """End the run as cancelled, if it is worked on here."""
        self.leases.stop(run_id)

    def request_drain(self) -> None:
        """Hand each run over when its step under way is done, and those that begin from now on at once."""
        self.leases.request_drain()

    async def _work_on(self, run_id: str, failure: StoreError | None) -> None:
        """Work on the run under one claim; `failure` is what ended an earlier one."""
        async with self.leases.claimed(run_id, goes_on=failure is not None) as lease:
            if lease is None:
                return
            drive = Drive(run=lease.run, log=self.journal.open(lease.run), clock=self.clock)
            heartbeat = asyncio.create_task(self._heartbeat(drive), name=f"heartbeat-{run_id}")
            try:
                await self._finish(drive, await self._ending(drive, lease, failure=failure))
            except FenceLostError:
                logger.warning("run_taken_over")
                return
            except (GraphDrained, asyncio.CancelledError) as parting:
                await self._hand_over(drive)
                if isinstance(parting, asyncio.CancelledError):
                    raise
                return
            finally:
                await ended(heartbeat)
        await self._forget_checkpoints(run_id)

    async def _hand_over(self, drive: Drive) -> None:
        with suppress(FenceLostError, StoreUnavailableError):  # its end is on the way to the log, or nobody can be told
            drive.status(Phase.DRAINING)
        with suppress(FenceLostError, StoreUnavailableError):
            await drive.log.flush()
        await self.leases.release(drive.run.run_id)

    async def _ending(self, drive: Drive, lease: Lease, *, failure: StoreError | None) -> RunEnding:
        if failure is not None and not isinstance(failure, StoreUnavailableError):
            return drive.failed(failure)  # something in its events is to blame, which the new log does not have
        try:
            # Not a part of the work that a cancellation ends: whoever ends the run has to know what it left.
            left = await self._take_over(drive) if drive.run.fence > 1 else None
            return await lease.perform(self._drive(drive, lease, left=left, was_paused=failure is not None))
        except asyncio.CancelledError:
            if lease.stopped is Stop.CANCELLED:
                return drive.cancelled()
            lease.check()
            raise
        except (FenceLostError, GraphDrained, StoreError):
            raise
        except GraphRecursionError:
            return drive.failed(RecursionLimitError("the run took more steps than it may"))
        except SentinelError as error:
            return drive.failed(error)
        except Exception:
            logger.exception("run_crashed")
            return drive.failed(SentinelError("an internal error ended this run; the log has the details"))

    async def _finish(self, drive: Drive, last: RunEnding) -> None:
        committed = await drive.finish(last)
        self.listeners.ended(drive.run, committed)

    async def _drive(self, drive: Drive, lease: Lease, *, left: Left | None, was_paused: bool) -> RunEnding:
        config = _config(drive.run)
        if drive.run.cancel_requested:
            return drive.cancelled()
        self._check_takeovers(drive.run)
        route = self._route(drive.run)
        interruption = self._begin(drive, left, route=route, was_paused=was_paused)
        context = await self._context(drive, lease, route=route, interruption=interruption)
        start = None if left and left.values else initial_state()
        try:
            its_own = _config(drive.run, begins=left is None)
            await self._follow_graph(drive, lease, start=start, config=its_own, context=context)
        except GraphDrained:
            if (await self.graph.aget_state(config)).next != _LAST_NODE:
                raise  # else the answer is complete, and only its end is missing
        return drive.ending or ending((await self._left(config)).values, context)

    async def _follow_graph(
        self, drive: Drive, lease: Lease, *, start: RunState | None, config: RunnableConfig, context: RunContext
    ) -> None:
        """Let the graph work from `start`, or from its checkpoint; a step is begun when the one before it is kept."""
        parts = self.graph.astream(
            start,
            config,
            context=context,
            stream_mode=["custom", "updates"],
            durability="sync",
            control=lease.control,
        )
        async with aclosing(parts) as stream:  # type: ignore[type-var]  # an async generator behind its interface
            async for mode, item in stream:
                await self._take(drive, mode, item)

    async def _take(self, drive: Drive, mode: str, item: Any) -> None:
        if isinstance(item, Commit):
            await drive.commit(item)
            return
        if mode == "custom":
            drive.take(item)
            return
        for changes in item.values():
            if changes:
                drive.update(changes)

    async def _take_over(self, drive: Drive) -> Left:
        """Learn what an earlier drive left behind: its log, and the graph's state at its last checkpoint."""
        left = await self._left(_config(drive.run))
        history: list[Event] = []
        while page := await self.events.read(drive.run.run_id, after=history[-1].seq if history else 0):
            history += page
        drive.take_over(history, left.values)
        return left

    async def _left(self, config: RunnableConfig) -> Left:
        snapshot = await self.graph.aget_state(config)
        return Left(values=snapshot.values, following=snapshot.next)  # type: ignore[arg-type]  # the graph's state

    def _check_takeovers(self, run: Run) -> None:
        if run.recovered > self.options.max_takeovers:
            message = f"the server stopped {run.recovered} times while it worked on this run"
            raise RunInterruptedError(message)

    def _route(self, run: Run) -> Route:
        route = self.routes.get(run.options.route)
        if route is None:
            message = f"route {run.options.route!r} is not configured any more"
            raise UnknownRouteError(message)
        return route

    def _begin(self, drive: Drive, left: Left | None, *, route: Route, was_paused: bool) -> Interruption | None:
        """Say how the drive begins; gives what an earlier one had sent of the step that is made again."""
        if left is None:
            drive.status(Phase.STARTED, route=drive.run.options.route)
            return None
        drive.recovered(by=self.leases.owner, was_paused=was_paused)
        if drive.run.taken_over_from is not None:
            self.listeners.recovered(drive.run)
        return drive.resume(left, midstream=route.midstream)

    async def _context(
        self, drive: Drive, lease: Lease, *, route: Route, interruption: Interruption | None
    ) -> RunContext:
        run = drive.run
        return RunContext(
            run_id=run.run_id,
            message_id=run.message_id,
            route=route,
            options=run.options,
            conversation=await self.runs.conversation(run.run_id),
            deadline=Deadline(self.clock, route.deadlines.total_seconds),
            parts=self.parts,
            may_act=lease.ensure,
            interruption=interruption,
            interrupted_attempts=len(drive.interrupted),
            interrupted_tools=drive.begun_tools,
            on_broken_off=drive.broken_off,
        )

    async def _heartbeat(self, drive: Drive) -> None:
        """Show readers that the run is alive while nothing else happens, until the run is lost."""
        while True:
            idle = self.clock.monotonic() - drive.last_event_at
            if idle >= self.options.heartbeat_seconds:
                with suppress(StoreUnavailableError):  # no room while the database is away; later there is
                    drive.status(Phase.HEARTBEAT)
                idle = 0.0
            await self.clock.sleep(self.options.heartbeat_seconds - idle)

    async def _forget_checkpoints(self, run_id: str) -> None:
        """Drop what was only kept to survive a crash; a failure here costs disk space, not the run."""
        saver = self.graph.checkpointer
        try:
            await saver.adelete_thread(run_id)  # type: ignore[union-attr]  # build_graph always sets a saver
        except Exception:
            logger.exception("checkpoints_kept")


def _config(run: Run, *, begins: bool = False) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": run.run_id, BEGINS: begins}, recursion_limit=RECURSION_LIMIT)
