"""A toolbox of plain functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.errors import Outcome
from sentinel.tools.call import NOBODY, CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect
from sentinel.tools.outcome import Cause, ToolOutcome
from sentinel.tools.routing.router import FallbackListener, ignore_fallback


@dataclass
class FakeToolbox:
    """Tools by public name (`server__tool`) that only read unless `effects` says otherwise.

    One that raises gives the outcome of a failed tool.
    """

    functions: Mapping[str, Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    contexts: list[CallContext] = field(default_factory=list)

    async def settled(self) -> None:
        """Return: functions are always there."""

    def tools(self) -> list[ToolSpec]:
        """Give a spec for each function."""
        return [self._spec(name) for name in self.functions]

    def find(self, name: str) -> ToolSpec | None:
        """Give the spec of a function."""
        return self._spec(name) if name in self.functions else None

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        context: CallContext = NOBODY,
        on_fallback: FallbackListener = ignore_fallback,
    ) -> ToolOutcome:
        """Call the function."""
        self.calls.append((name, arguments))
        self.contexts.append(context)
        spec = self._spec(name)
        try:
            text, cause = self.functions[name](arguments), None
        except (KeyError, ValueError) as error:
            text, cause = str(error), Cause.TOOL_ERROR
        return ToolOutcome(
            text=text,
            is_error=cause is not None,
            cause=cause,
            server=spec.server,
            tool=spec.tool,
            duration_ms=1.0,
            outcome=Outcome.SUCCESS if cause is None else Outcome.QUALITY,
            executed="yes",
            effect=spec.effect,
        )

    def _spec(self, name: str) -> ToolSpec:
        server, _, tool = name.partition("__")
        return ToolSpec(
            name=name,
            server=server,
            tool=tool,
            description=f"The tool {tool}.",
            input_schema={"type": "object"},
            effect=self.effects.get(name, Effect.READ_ONLY),
        )
