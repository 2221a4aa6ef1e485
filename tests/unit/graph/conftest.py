"""A graph whose providers and tools are scripted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.event_hooks import SerdeEvent, register_serde_event_listener
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.domain.messages import Turn
from sentinel.domain.routes import HedgePolicy, Midstream, Route, Target
from sentinel.domain.runs import RunEnding, RunOptions, ToolCall
from sentinel.graph.builder import build_graph
from sentinel.graph.context import Collaborators, RunContext
from sentinel.graph.emissions import Commit, Restart, Status, Token
from sentinel.graph.state import initial_state
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.providers import Behaviour, ScriptedProvider
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.config import RunBudget

PRIMARY, FALLBACK = Target("one", "large"), Target("two", "small")


def saying(name: str, *words: str) -> ScriptedProvider:
    """A provider that always says the same."""
    return ScriptedProvider(name, [Behaviour(words=words)])


@dataclass
class Rig:
    """Everything around one graph; `run` gives what it emitted."""

    clock: FakeClock = field(default_factory=FakeClock)
    one: ScriptedProvider = field(default_factory=lambda: saying("one", "Hello ", "world"))
    two: ScriptedProvider = field(default_factory=lambda: saying("two", "Good ", "day"))
    toolbox: FakeToolbox = field(default_factory=FakeToolbox)
    midstream: Midstream = Midstream.CONTINUE
    max_steps: int = 12
    deadline_seconds: float = 60.0
    max_tokens: int | None = None
    paces: dict[Target, float] = field(default_factory=dict)
    hedge: HedgePolicy = field(default_factory=HedgePolicy)
    planner: RecoveryPlanner = field(default_factory=lambda: RecoveryPlanner(same_target=0))
    tool_budget: RunBudget = field(default_factory=RunBudget)
    interrupted_tools: dict[str, ToolCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.board = BreakerBoard(self.clock)
        self.kill_switches = KillSwitches(self.clock)

    def context(self) -> RunContext:
        self.protection = open_protection(self.clock, board=self.board)
        gate = TargetGate(self.board, self.kill_switches.is_killed)
        pipeline = AttemptPipeline(protection=self.protection, clock=self.clock)
        models = ChatAttempts(providers={"one": self.one, "two": self.two}, pipeline=pipeline)
        parts = Collaborators(
            models=models,
            planner=self.planner,
            gate=gate,
            hedges=hedge_planner(gate, self.protection, paces=self.paces, attempts=self.planner.max_attempts),
            tools=self.toolbox,
            clock=self.clock,
            system_prompt="Be brief.",
            max_steps=self.max_steps,
            tool_budget=self.tool_budget,
        )
        return RunContext(
            run_id="run-1",
            message_id="message-1",
            route=Route(name="default", targets=(PRIMARY, FALLBACK), midstream=self.midstream, hedge=self.hedge),
            options=RunOptions(max_tokens=self.max_tokens),
            conversation=[Turn(role="user", content="Hi?")],
            deadline=Deadline(self.clock, self.deadline_seconds),
            parts=parts,
            interrupted_tools=self.interrupted_tools,
        )

    async def run(self, *, on_commit: Callable[[], None] = lambda: None) -> "Emitted":
        """Run the graph; everything is committed as soon as it is asked for, after `on_commit`."""
        saver = InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        graph = build_graph(saver)
        stream = graph.astream(
            initial_state(),
            {"configurable": {"thread_id": "run-1"}, "recursion_limit": 60},
            context=self.context(),
            stream_mode="custom",
        )
        emitted = Emitted([])
        async for item in stream:
            if isinstance(item, Commit):
                on_commit()
                item.done.set()
            else:
                emitted.items.append(item)
        assert blocked_in(saver) == [], "the state of a run is plain data"
        return emitted


def blocked_in(saver: InMemorySaver) -> list[SerdeEvent]:
    """Read everything that was saved, and give the types that a strict serializer does not revive."""
    blocked: list[SerdeEvent] = []
    unregister = register_serde_event_listener(blocked.append)
    try:
        list(saver.list(None))
    finally:
        unregister()
    return blocked


@dataclass
class Emitted:
    """What a graph put on its stream."""

    items: list[Any]

    @property
    def phases(self) -> list[str]:
        return [item.phase.value for item in self.items if isinstance(item, Status)]

    @property
    def text(self) -> str:
        """What a reader holds at the end."""
        text = ""
        for item in self.items:
            text = item.kept_text if isinstance(item, Restart) else text
            text += item.text if isinstance(item, Token) else ""
        return text

    @property
    def ending(self) -> RunEnding:
        endings = [item for item in self.items if isinstance(item, RunEnding)]
        assert len(endings) == 1, "a run ends exactly once"
        return endings[0]

    def status(self, phase: str) -> dict[str, Any]:
        return next(item.data for item in self.items if isinstance(item, Status) and item.phase == phase)


@pytest.fixture
def rig() -> Callable[..., Rig]:
    return Rig
