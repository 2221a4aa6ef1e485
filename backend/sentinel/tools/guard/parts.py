"""What the guards of all tools share, and who hears of their calls."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.clock import Clock
from sentinel.domain.tools import GuardedCall
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.waiting import DetachedTasks

RefusalObserver = Callable[[ToolSpec, str], None]
"""Hears that our credential may not use a tool, and what the server says."""
KillSwitch = Callable[[str], bool]
"""Tells whether an operator has switched off a target such as `tool:server/tool`."""
CallObserver = Callable[[GuardedCall], None]
"""Hears of every call that is over; must not raise."""


def ignore_call(_call: GuardedCall) -> None:
    """Do nothing: the observer where nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardParts:
    """What the guards of all tools share."""

    board: BreakerBoard
    clock: Clock
    kill_switch: KillSwitch
    detached: DetachedTasks
    supervision: SupervisionConfig
    forbidden: RefusalObserver
    """Told when we may not use a tool of a server that we may otherwise use, and why; once, until it answers."""
    observe: CallObserver = ignore_call
