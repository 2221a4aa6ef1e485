"""The real service, runner, journal and database, with scripted providers: everything but the wire."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.clock import Clock, SystemClock
from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import Event, EventType
from sentinel.domain.money import Price
from sentinel.domain.routes import Deadlines, HedgePolicy, Midstream, Route, Target
from sentinel.domain.runs import Run, RunOptions
from sentinel.graph.builder import build_graph
from sentinel.graph.context import Collaborators
from sentinel.ids import IdSource
from sentinel.persistence.checkpointer import open_checkpointer
from sentinel.persistence.engine import create_engine
from sentinel.persistence.event_log import SqlEventLog
from sentinel.persistence.journal import Journal
from sentinel.persistence.migrations import upgrade
from sentinel.persistence.run_store import SqlRunStore
from sentinel.persistence.thread_store import SqlThreadStore
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.runs.executor import InProcessExecutor
from sentinel.runs.leases import LeaseOptions, Leases
from sentinel.runs.runner import Runner, RunnerListeners, RunnerOptions
from sentinel.runs.service import Question, RunService
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox

TARGETS = (Target("one", "large"), Target("two", "small"))


async def _nothing(*_: object) -> None:
    """Do nothing."""


@dataclass
class Process:
    """One process's worth of parts on a database; several may be opened on one, one after the other."""

    service: RunService
    executor: InProcessExecutor
    leases: Leases
    runs: SqlRunStore
    threads: SqlThreadStore
    live: LiveEvents
    journal: Journal
    one: ScriptedProvider
    two: ScriptedProvider

    async def ask(self, text: str = "Hi?", **more: object) -> Run:
        return await self.service.ask(Question(text=text, options=RunOptions(), **more))  # type: ignore[arg-type]

    async def take_up(self) -> None:
        """Do what a process does at its start: go on with what another one left."""
        await self.runs.lapse()
        for run in await self.runs.idle(limit=100):
            await self.executor.submit(run)

    async def die(self) -> None:
        """Be gone without giving anything back."""
        vars(self.leases)["release"] = vars(self.runs)["release"] = _nothing
        await self.executor.drain(0.0)

    async def events(self, run_id: str, *, after: int = 0) -> list[Event]:
        async with self.service.follow(run_id, after=after) as events:
            return [event async for event in events]


@dataclass
class Machine:
    """Where processes come and go; the database stays."""

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    midstream: Midstream = Midstream.CONTINUE
    toolbox: FakeToolbox = field(default_factory=FakeToolbox)
    heartbeat_seconds: float = 8.0
    max_concurrent: int = 8
    told: list[tuple[str, Any]] = field(default_factory=list)
    """What the runners told their listeners: `recovered` and the count, `ended` and the status."""
    paces: dict[Target, float] = field(default_factory=dict)
    make_provider: Callable[[str, list[Behaviour]], ScriptedProvider] = ScriptedProvider
    make_saver: Callable[[BaseCheckpointSaver[Any]], BaseCheckpointSaver[Any]] = TranslatingSaver
    url: str = ""
    """Of the database; a file in the folder if empty."""
    lease: dict[str, float] = field(default_factory=dict)
    """Options of leases that differ from the defaults."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    hedge: HedgePolicy = field(default_factory=HedgePolicy)
    prices: dict[Target, Price] = field(default_factory=dict)

    @asynccontextmanager
    async def process(self, *, one: list[Behaviour], two: list[Behaviour] | None = None) -> AsyncIterator[Process]:
        async with AsyncExitStack() as stack:
            process = await self._open(stack, one, two or [Behaviour(words=["Good ", "day"])])
            yield process
            await process.executor.drain(0.0)

    async def _open(self, stack: AsyncExitStack, one: list[Behaviour], two: list[Behaviour]) -> Process:
        url = self.url or f"sqlite+aiosqlite:///{self.folder / 'sentinel.db'}"
        await upgrade(url)
        engine = create_engine(url)
        stack.push_async_callback(engine.dispose)
        events, runs = SqlEventLog(engine), SqlRunStore(engine)
        live = LiveEvents(log=events)
        journal = await stack.enter_async_context(Journal(engine=engine, clock=self.clock, publish=live.publish))
        saver = await stack.enter_async_context(open_checkpointer(url, self.folder / "checkpoints.db"))
        providers = {"one": self.make_provider("one", one), "two": self.make_provider("two", two)}
        route = Route(
            name="default", targets=TARGETS, midstream=self.midstream, hedge=self.hedge, deadlines=Deadlines()
        )
        options = LeaseOptions(owner=f"process-{next(self.numbers)}", **self.lease)
        leases = await stack.enter_async_context(Leases(runs=runs, clock=self.clock, options=options))
        runner = Runner(
            runs=runs,
            leases=leases,
            events=events,
            journal=journal,
            graph=build_graph(self.make_saver(saver)),
            parts=self._parts(providers),
            routes={"default": route},
            clock=self.clock,
            options=RunnerOptions(heartbeat_seconds=self.heartbeat_seconds),
            listeners=self._listeners(),
        )
        executor = InProcessExecutor(runner, max_concurrent=self.max_concurrent)
        service = RunService(
            runs=runs,
            live=live,
            queue=executor,
            routes={"default": route},
            clock=self.clock,
            ids=IdSource(self.clock),
            max_input_chars=1000,
        )
        return Process(
            service=service,
            executor=executor,
            leases=leases,
            runs=runs,
            threads=SqlThreadStore(engine),
            live=live,
            journal=journal,
            one=providers["one"],
            two=providers["two"],
        )

    def _listeners(self) -> RunnerListeners:
        return RunnerListeners(
            recovered=lambda run: self.told.append(("recovered", run.recovered)),
            ended=lambda _, ending: self.told.append(("ended", ending.status.value)),
        )

    def _parts(self, providers: Mapping[str, ScriptedProvider]) -> Collaborators:
        board = BreakerBoard(self.clock)
        protection = open_protection(self.clock, board=board)
        gate = TargetGate(board, KillSwitches(self.clock).is_killed)
        return Collaborators(
            models=ChatAttempts(
                providers=providers,
                pipeline=AttemptPipeline(protection=protection, clock=self.clock, prices=self.prices),
            ),
            planner=RecoveryPlanner(same_target=0),
            gate=gate,
            hedges=hedge_planner(gate, protection, paces=self.paces),
            tools=self.toolbox,
            clock=self.clock,
            system_prompt="Be brief.",
        )


def text_of(events: list[Event]) -> str:
    """What a reader holds after these events, by the rule of `docs/events.md`."""
    held: list[tuple[int, str]] = []
    for event in events:
        if event.type is EventType.TOKEN:
            held.append((event.seq, event.data["text"]))
        elif event.data.get("phase") == "restarted":
            held = [(seq, text) for seq, text in held if seq < event.data["discard_from_seq"]]
    return "".join(text for _, text in held)


def phases_of(events: list[Event]) -> list[str]:
    """The phases of the status events."""
    return [event.data["phase"] for event in events if event.type is EventType.STATUS]


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Machine]:
    return lambda **more: Machine(tmp_path, **more)
