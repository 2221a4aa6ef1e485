"""The runner: claims a run, drives the graph in its own task, and ends the run exactly once.

Readers never touch this task; a lost reader changes nothing, and only `task.cancel()` stops the work.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphRecursionError

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
from sentinel.graph.builder import RECURSION_LIMIT, AgentGraph
from sentinel.graph.context import Collaborators, RunContext
from sentinel.graph.emissions import Commit
from sentinel.graph.endings import ending
from sentinel.graph.state import RunState, initial_state
from sentinel.resilience.deadline import Deadline
from sentinel.runs.drive import Drive
from sentinel.telemetry.logging import get_logger, log_context

logger = get_logger(__name__)

_CLAIM_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """`owner` names this process and no other; a run taken over more than `max_recoveries` times is given up."""

    owner: str
    lease_seconds: float = 6.0
    max_recoveries: int = 3
    heartbeat_seconds: float = 8.0


def _ignore(*_: object) -> None:
    """Do nothing: the listener where nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerListeners:
    """Who is told that a run was taken up again, and how one ended, once that is committed; must not wait or raise."""

    recovered: Callable[[Run], None] = _ignore
    ended: Callable[[Run, RunEnding], None] = _ignore


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Drives runs, one call of `run` each."""

    runs: RunStore
    events: EventLog
    journal: Journal
    graph: AgentGraph
    parts: Collaborators
    routes: Mapping[str, Route]
    clock: Clock
    options: RunnerOptions
    listeners: RunnerListeners = RunnerListeners()

    async def run(self, run_id: str) -> None:
        """Claim the run and bring it to its end; does nothing if it has ended or is claimed elsewhere.

        Cancelling this task leaves the run as it is, to be resumed, unless its cancellation was requested in the store.
        """
        with log_context(run_id=run_id):
            while await self._work_on(run_id):
                logger.warning("run_taken_up_again", detail="the database was away for too long")

    async def _work_on(self, run_id: str) -> bool:
        """Work on the run under one claim; gives whether it has to be claimed again."""
        run = await self._claim(run_id)
        if run is None:
            return False
        drive = Drive(run=run, log=self.journal.open(run), clock=self.clock)
        heartbeat = asyncio.create_task(self._heartbeat(drive), name=f"heartbeat-{run_id}")
        try:
            await self._bring_to_end(drive)
        except FenceLostError:
            logger.warning("run_taken_over")
            return False
        except StoreUnavailableError:
            return True
        except StoreError as error:
            await self._end_refused(run_id, error)
        finally:
            heartbeat.cancel()
        await self._forget_checkpoints(run_id)
        return False

    async def _end_refused(self, run_id: str, error: StoreError) -> None:
        """End a run whose log the database refuses to write, on a fresh log: something in its events is to blame."""
        logger.error("log_refused", detail=error.message)
        run = await self._claim(run_id)
        if run is not None:
            drive = Drive(run=run, log=self.journal.open(run), clock=self.clock)
            await self._finish(drive, drive.failed(error))

    async def _claim(self, run_id: str) -> Run | None:
        """Claim the run; while the database is away, wait for it, since nobody else would take the run up."""
        while True:
            try:
                return await self.runs.claim(
                    run_id, owner=self.options.owner, lease_seconds=self.options.lease_seconds, at=self.clock.now()
                )
            except StoreUnavailableError:
                await self.clock.sleep(_CLAIM_AGAIN_SECONDS)

    async def _bring_to_end(self, drive: Drive) -> None:
        try:
            last = await self._drive(drive)
        except asyncio.CancelledError:
            if not await self._was_cancelled_by_caller(drive.run):
                drive.status(Phase.DRAINING)
                await drive.log.flush()
                raise
            last = drive.cancelled()
        except (FenceLostError, StoreError):
            raise
        except GraphRecursionError:
            last = drive.failed(RecursionLimitError("the run took more steps than it may"))
        except SentinelError as error:
            last = drive.failed(error)
        except Exception:
            logger.exception("run_crashed")
            last = drive.failed(SentinelError("an internal error ended this run; the log has the details"))
        await self._finish(drive, last)

    async def _finish(self, drive: Drive, last: RunEnding) -> None:
        ended = await drive.finish(last)
        self.listeners.ended(drive.run, ended)

    async def _drive(self, drive: Drive) -> RunEnding:
        config = RunnableConfig(configurable={"thread_id": drive.run.run_id}, recursion_limit=RECURSION_LIMIT)
        state = await self._take_over(drive, config) if drive.run.recovered else None
        if drive.run.cancel_requested:
            return drive.cancelled()
        self._check_recoveries(drive.run)
        context = await self._context(drive)
        start = self._begin(drive, state)
        parts = self.graph.astream(
            start, config, context=context, stream_mode=["custom", "updates"], durability="async"
        )
        async with aclosing(parts) as stream:  # type: ignore[type-var]  # an async generator behind its interface
            async for mode, item in stream:
                await self._take(drive, mode, item)
        return drive.ending or ending(await self._state(config), context)

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

    async def _take_over(self, drive: Drive, config: RunnableConfig) -> RunState:
        """Learn what an earlier drive left behind: its log, and the graph's state at its last checkpoint."""
        state = await self._state(config)
        history: list[Event] = []
        while page := await self.events.read(drive.run.run_id, after=history[-1].seq if history else 0):
            history += page
        drive.take_over(history, state)
        return state

    def _check_recoveries(self, run: Run) -> None:
        if run.recovered > self.options.max_recoveries:
            message = f"the server stopped {run.recovered} times while it worked on this run"
            raise RunInterruptedError(message)

    def _begin(self, drive: Drive, state: RunState | None) -> RunState | None:
        """Say how the drive begins, and give the graph's input; None lets it go on from its checkpoint."""
        if state is None:
            drive.status(Phase.STARTED, route=drive.run.options.route)
            return initial_state()
        drive.resume(state)
        self.listeners.recovered(drive.run)
        return None if state else initial_state()

    async def _state(self, config: RunnableConfig) -> RunState:
        snapshot = await self.graph.aget_state(config)
        return snapshot.values  # type: ignore[return-value]  # the graph's state, or empty before its first step

    async def _context(self, drive: Drive) -> RunContext:
        run = drive.run
        route = self.routes.get(run.options.route)
        if route is None:
            message = f"route {run.options.route!r} is not configured any more"
            raise UnknownRouteError(message)
        return RunContext(
            run_id=run.run_id,
            message_id=run.message_id,
            route=route,
            options=run.options,
            conversation=await self.runs.conversation(run.run_id),
            deadline=Deadline(self.clock, route.deadlines.total_seconds),
            parts=self.parts,
            interrupted_attempts=len(drive.interrupted),
            interrupted_tools=drive.begun_tools,
            on_broken_off=drive.broken_off,
        )

    async def _was_cancelled_by_caller(self, run: Run) -> bool:
        return (await self.runs.get(run.run_id)).cancel_requested

    async def _heartbeat(self, drive: Drive) -> None:
        """Show readers that the run is alive while nothing else happens."""
        while True:
            idle = self.clock.monotonic() - drive.last_event_at
            if idle >= self.options.heartbeat_seconds:
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
