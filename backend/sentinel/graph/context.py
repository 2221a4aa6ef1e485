"""What the nodes of a run can do: the collaborators, handed in by the runner and never checkpointed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sentinel.clock import Clock
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Route
from sentinel.domain.runs import RunOptions
from sentinel.providers.chat import ChatAttempts
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import HedgePlanner
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.tools.outcome import ToolOutcome
from sentinel.tools.spec import ToolSpec


class Toolbox(Protocol):
    """The tools that a run may use."""

    def tools(self) -> list[ToolSpec]:
        """Give the tools that can be called now."""
        ...

    def find(self, name: str) -> ToolSpec | None:
        """Give the tool of this public name, also while its server is down."""
        ...

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, timeout_seconds: float | None = None
    ) -> ToolOutcome:
        """Call a tool by its public name; a failure is an outcome, never an exception."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """What is the same for all runs."""

    models: ChatAttempts
    planner: RecoveryPlanner
    gate: TargetGate
    hedges: HedgePlanner
    tools: Toolbox
    clock: Clock
    system_prompt: str
    max_steps: int = 12
    """Model calls per run; a model that goes on calling tools past this is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What belongs to one run: its conversation, its route, its options and its deadline."""

    run_id: str
    message_id: str
    route: Route
    options: RunOptions
    conversation: Sequence[Turn]
    deadline: Deadline
    parts: Collaborators
    interrupted_attempts: int = 0
    """Attempts that a crash broke off before; they have numbers, but are not in the state."""
