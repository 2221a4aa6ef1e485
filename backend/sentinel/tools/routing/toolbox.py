"""What a run, or an agent outside, can do with tools: the side of the router that its callers see."""

from collections.abc import Mapping
from typing import Any, Protocol

from sentinel.tools.call import NOBODY, CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.outcome import ToolOutcome
from sentinel.tools.routing.router import FallbackListener, ignore_fallback


class Toolbox(Protocol):
    """The tools and capabilities that may be used, guarded."""

    async def settled(self) -> None:
        """Wait until those are known that are there from the start."""
        ...

    def tools(self) -> list[ToolSpec]:
        """Give those that can be called now."""
        ...

    def find(self, name: str) -> ToolSpec | None:
        """Give the one of this public name, also while its server is down."""
        ...

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        context: CallContext = NOBODY,
        on_fallback: FallbackListener = ignore_fallback,
    ) -> ToolOutcome:
        """Call one by its public name; a failure is an outcome, never an exception."""
        ...
