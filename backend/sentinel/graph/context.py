"""What the nodes of a run can do: the collaborators, handed in by the runner and never checkpointed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Route, Target
from sentinel.domain.runs import RunOptions, ToolCall
from sentinel.graph.state import RunState
from sentinel.providers.chat import ChatAttempts
from sentinel.providers.hedged import ignore
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import HedgePlanner
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.tools.config import RunBudget
from sentinel.tools.routing.toolbox import Toolbox


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
    tool_budget: RunBudget = field(default_factory=RunBudget)


@dataclass(frozen=True, slots=True)
class Interruption:
    """What an earlier drive of the run had sent of the step that is made again now, and whose words they are.

    It belongs to the first step of a drive only, which is known by how much the state holds before it.
    """

    text: str
    target: Target | None = None
    text_before: int = 0
    attempts_before: int = 0

    def is_of(self, state: RunState) -> bool:
        """Tell whether the step that begins with this state is the one that was interrupted."""
        return (len(state["text"]), len(state["attempts"])) == (self.text_before, self.attempts_before)


async def _at_once() -> None:
    """Do not wait: for graphs that are driven without a lease."""


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
    may_act: Callable[[], Awaitable[None]] = _at_once
    """Waits until it is certain that nobody else works on the run; raises FenceLostError when somebody does."""
    interruption: Interruption | None = None
    interrupted_attempts: int = 0
    """Attempts that a crash broke off before; they have numbers, but are not in the state."""
    interrupted_tools: Mapping[str, ToolCall] = field(default_factory=dict)
    """Calls of the round under way that were begun before a crash, by id; those that ended have their result."""
    on_broken_off: Callable[[Sequence[Attempt]], None] = ignore
    """Hears of the attempts that the run's cancellation ends, which no node can put into the state any more."""
