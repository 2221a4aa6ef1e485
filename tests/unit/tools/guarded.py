"""A guard over a supervised peer, with what it records."""

import asyncio
from typing import Any

from mcp_types import ErrorData

from sentinel.domain.tools import GuardedCall
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerSnapshot, BreakerState
from sentinel.tools.call import CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import SupervisionConfig, ToolLimits, ToolOverride
from sentinel.tools.guard.guard import ToolGuard
from sentinel.tools.guard.parts import GuardParts
from sentinel.tools.outcome import ToolOutcome
from sentinel.tools.waiting import DetachedTasks
from tests.support.bounded import bounded
from tests.unit.tools.peers import Answer
from tests.unit.tools.supervised import Supervised

TARGET = "tool:peer/echo"
SPEC = ToolSpec(name="peer__echo", server="peer", tool="echo", description="", input_schema={})


class Guarded:
    """A guard over a supervised peer, with what it records."""

    def __init__(
        self,
        supervised: Supervised,
        limits: ToolLimits | None = None,
        *,
        spec: ToolSpec = SPEC,
        override: ToolOverride | None = None,
    ) -> None:
        self.supervised = supervised
        self.peer, self.clock = supervised.peer, supervised.clock
        self.board = BreakerBoard(self.clock, rng=lambda: 0.0)
        self.switched_off: set[str] = set()
        self.detached = DetachedTasks()
        self.seen: list[GuardedCall] = []
        self.forbidden: list[str] = []
        self.guard = ToolGuard(
            spec,
            supervisor=supervised.supervisor,
            limits=limits or ToolLimits(),
            override=override,
            parts=GuardParts(
                board=self.board,
                clock=self.clock,
                kill_switch=self.switched_off.__contains__,
                detached=self.detached,
                supervision=SupervisionConfig(),
                observe=self.seen.append,
                forbidden=lambda spec, _: self.forbidden.append(spec.target),
            ),
        )

    def answer_with(self, answer: Answer) -> None:
        async def on_call(_params: dict[str, Any]) -> Answer:
            return answer

        self.peer.on_call = on_call

    def never_answer(self) -> None:
        async def on_call(_params: dict[str, Any]) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

        self.peer.on_call = on_call

    async def open_circuit(self) -> None:
        """Let the tool fail as often as it takes."""
        self.answer_with(ErrorData(code=-32603, message="broken"))
        for _ in range(3):
            await self.call()

    async def call(self, timeout_seconds: float | None = None, **arguments: object) -> ToolOutcome:
        return await bounded(self.guard.call(arguments, timeout_seconds=timeout_seconds), 5.0)

    async def call_as(self, caller: str, **arguments: object) -> ToolOutcome:
        return await bounded(self.guard.call(arguments, context=CallContext(caller=caller)), 5.0)

    def start_call(self, timeout_seconds: float | None = None) -> "asyncio.Task[ToolOutcome]":
        return asyncio.create_task(self.guard.call({}, timeout_seconds=timeout_seconds))

    def state(self) -> BreakerState:
        return self.circuit.state

    @property
    def circuit(self) -> BreakerSnapshot:
        return self.board.get(TARGET).snapshot()
