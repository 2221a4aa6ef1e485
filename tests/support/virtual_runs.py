"""Runs of the compiled graph between made-up chat models, in virtual time: all but the log, the tools and the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from langgraph.checkpoint.memory import InMemorySaver

from sentinel.domain.attempts import Usage
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Capabilities, Route, Target
from sentinel.domain.runs import RunOptions
from sentinel.errors import ProviderError
from sentinel.graph.builder import build_graph
from sentinel.graph.context import Collaborators, RunContext
from sentinel.graph.emissions import Commit
from sentinel.graph.state import initial_state
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.base import ChatStream, ModelCall, Piece, ToolRequest
from sentinel.providers.chat import ChatAttempts
from sentinel.providers.classification import from_exception
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.tools import FakeToolbox
from sentinel.testing.virtual_time import LoopClock
from tests.support.virtual_gateway import FOREVER, AuditedBudget, wait
from tests.unit.graph.conftest import Emitted


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a chat model does with one call: a wait, words, then an error, silence or an end of some kind."""

    before: float = 0.0
    words: Sequence[str] = ()
    every: float = 0.0
    error: Exception | None = None
    hangs: bool = False
    tool_requests: Sequence[ToolRequest] = ()
    bad_tool_requests: Sequence[str] = ()
    finish_reason: str | None = "stop"


@dataclass
class _Stream:
    spoken: Spoken

    async def __aiter__(self) -> AsyncIterator[Piece]:
        spoken = self.spoken
        for word in spoken.words:
            await wait(spoken.every)
            yield Piece(text=word, is_content=True)
        if spoken.hangs:
            await wait(FOREVER)
        if spoken.tool_requests or spoken.bad_tool_requests:
            yield Piece(is_content=True, has_tool_parts=True)
        if spoken.error is not None:
            raise spoken.error
        yield Piece(finish_reason=spoken.finish_reason, usage=Usage(3, 2))

    def tool_requests(self) -> tuple[list[ToolRequest], list[str]]:
        return list(self.spoken.tool_requests), list(self.spoken.bad_tool_requests)


@dataclass
class FakeChat:
    """A chat model; `calls` has when each call came, and what it said; `under_way` counts those not yet let go."""

    name: str
    reply: Callable[[ModelCall, int], Spoken]
    calls: list[tuple[float, ModelCall]] = field(default_factory=list)
    under_way: int = 0

    @asynccontextmanager
    async def stream(self, call: ModelCall) -> AsyncIterator[ChatStream]:
        """Answer as told."""
        spoken = self.reply(call, len(self.calls))
        self.calls.append((asyncio.get_running_loop().time(), call))
        self.under_way += 1
        try:
            await wait(spoken.before)
            yield _Stream(spoken)
        finally:
            self.under_way -= 1

    def map_error(self, error: Exception) -> ProviderError:
        """Translate like a real adapter."""
        return error if isinstance(error, ProviderError) else from_exception(error)


@dataclass
class VirtualRuns:
    """Runs on the running loop that share their protection; `route` is that of all."""

    models: Mapping[str, FakeChat]
    route: Route
    capabilities: Mapping[Target, Capabilities] = field(default_factory=dict)
    max_attempts: int = 3

    def __post_init__(self) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.budget = AuditedBudget()
        self.protection = replace(open_protection(self.clock), budget=self.budget)
        protection = self.protection
        gate = TargetGate(
            protection.board, lambda *_: False, cooldowns=protection.cooldowns, bulkheads=protection.bulkheads
        )
        self._parts = Collaborators(
            models=ChatAttempts(
                providers=self.models, pipeline=AttemptPipeline(protection=protection, clock=self.clock)
            ),
            planner=RecoveryPlanner(
                max_attempts=self.max_attempts,
                backoff=Backoff(rng=lambda: 0.5),
                capabilities=self.capabilities,
                allows_retry=self.budget.allows,
            ),
            gate=gate,
            hedges=hedge_planner(gate, protection),
            tools=FakeToolbox({"calculator__evaluate": lambda _: "42"}),
            clock=self.clock,
            system_prompt="Be brief.",
            max_steps=4,
        )

    async def run(self, emitted: Emitted) -> None:
        """Make one run, and put down what it emits while it does."""
        context = RunContext(
            run_id="run-1",
            message_id="message-1",
            route=self.route,
            options=RunOptions(),
            conversation=[Turn(role="user", content="Hi?")],
            deadline=Deadline(self.clock, self.route.deadlines.total_seconds),
            parts=self._parts,
        )
        stream = build_graph(InMemorySaver()).astream(
            initial_state(),
            {"configurable": {"thread_id": "run-1"}, "recursion_limit": 100},
            context=context,
            stream_mode="custom",
        )
        async for item in stream:
            if isinstance(item, Commit):
                item.done.set()
            else:
                emitted.items.append(item)

    def assert_at_rest(self) -> None:
        """Nothing is held, and every stream has been closed."""
        assert all(model.under_way == 0 for model in self.models.values())
        assert all(self.protection.bulkheads.in_flight(target) == 0 for target in self.route.targets)
        assert not any(snapshot.is_probe_in_flight for snapshot in self.protection.board.snapshot())
        self.budget.assert_at_rest()
