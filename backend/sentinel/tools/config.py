"""What the composition root says about tool servers: where they are, what they may cost, how they are watched."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sentinel.errors import ConfigurationError
from sentinel.redaction import SHAPES_ONLY, Redactor


class Effect(StrEnum):
    """What calling a tool twice does, which decides whether a call with an unknown outcome may be repeated."""

    READ_ONLY = "read_only"
    IDEMPOTENT = "idempotent"
    MUTATING = "mutating"

    @property
    def changes(self) -> bool:
        """Whether calling twice may do twice what was wanted once."""
        return self is Effect.MUTATING


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """One MCP server: a program that we start (`command`) or an address (`url`), never both.

    `env` is added to a minimal environment. Annotations are believed only of a `trusted` server. The definitions of a
    `pinned` server's tools are those that were first seen; what changes waits for an operator's approval.

    Raises:
        ConfigurationError: neither or both of `command` and `url` are given.
    """

    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold credentials
    cwd: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold credentials
    trusted: bool = False
    pinned: bool = True

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.url):
            message = "a tool server has either a command or a url"
            raise ConfigurationError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLimits:
    """What one call, and all calls of one tool together, may cost."""

    timeout_seconds: float = 30.0
    max_timeout_seconds: float = 300.0
    """The most that a call may take in all; each step that the tool reports gives it `timeout_seconds` from then on."""
    max_concurrency: int = 8
    max_result_bytes: int = 1_000_000
    slow_after_seconds: float | None = None
    """An answer later than this counts as slow at the tool's circuit; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOverride:
    """What an operator says about one tool; it wins over defaults and annotations.

    `canary`: arguments with which the tool may be called at any time, to see whether it works again. A failure that the
    tool tells in words counts against its circuit if it contains one of `infrastructure_errors`, and says nothing about
    the tool if it contains one of `input_errors`.
    """

    effect: Effect | None = None
    timeout_seconds: float | None = None
    max_timeout_seconds: float | None = None
    max_concurrency: int | None = None
    max_result_bytes: int | None = None
    slow_after_seconds: float | None = None
    canary: Mapping[str, Any] | None = None
    infrastructure_errors: tuple[str, ...] = ()
    input_errors: tuple[str, ...] = ()

    def applied_to(self, limits: ToolLimits) -> ToolLimits:
        """Return the limits with these values where they are given."""
        return replace(
            limits,
            timeout_seconds=self.timeout_seconds or limits.timeout_seconds,
            max_timeout_seconds=self.max_timeout_seconds or limits.max_timeout_seconds,
            max_concurrency=self.max_concurrency or limits.max_concurrency,
            max_result_bytes=self.max_result_bytes or limits.max_result_bytes,
            slow_after_seconds=self.slow_after_seconds or limits.slow_after_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionConfig:
    """How servers are opened, watched and reopened. All times are seconds."""

    start_wait_seconds: float = 5.0
    """How long the registry waits at start for servers that are slow; the others are used meanwhile."""
    connect_seconds: float = 20.0
    """From the start of a process to its list of tools. The SDK alone spends 10 on a server that ignores its probe."""
    simultaneous_starts: int = 4
    """How many processes start at the same moment; the others wait in line."""
    start_turn_seconds: float = 1.5
    """How long one that is not ready keeps the others waiting."""
    probe_seconds: float = 2.0
    """How long a server that let a call run into its deadline has to show that it is alive."""
    watch_seconds: float = 15.0
    """How often a server whose end does not show by itself, one at an address, is asked for a sign of life."""
    reopen_seconds: float = 3.0
    """How long a call that was not carried out waits for a new session before it gives up."""
    recheck_seconds: float = 300.0
    """When a server that refused our credential is asked again."""
    close_seconds: float = 5.0
    """How long all servers together have to end before they are abandoned."""
    backoff_base_seconds: float = 0.2
    backoff_max_seconds: float = 30.0
    stable_seconds: float = 30.0
    """A session that lasted this long, or answered a call, makes the next wait short again."""
    max_pages: int = 20
    max_tools: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberConfig:
    """One tool that can do a capability's job.

    `arguments`: from the capability's argument names to the tool's; the others keep theirs. `constants`: what the tool
    gets besides. `result`: the path of the result in the tool's structured answer (`items.0.text`); empty: the whole.
    `error_means_no_effect`: where the tool says that it failed, it has changed nothing.
    """

    server: str
    tool: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    error_means_no_effect: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityConfig:
    """Tools that stand in for each other, in order; `fallback_on_error`: also when one says that it failed."""

    members: tuple[MemberConfig, ...]
    description: str = ""
    fallback_on_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBudget:
    """What the tool calls of one run may cost together."""

    max_calls: int = 64
    max_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsConfig:
    """Everything about tools that the configuration says; `overrides` has keys of the form `server/tool`."""

    capabilities: Mapping[str, CapabilityConfig] = field(default_factory=dict)
    servers: Mapping[str, ServerConfig] = field(default_factory=dict)
    limits: ToolLimits = field(default_factory=ToolLimits)
    overrides: Mapping[str, ToolOverride] = field(default_factory=dict)
    supervision: SupervisionConfig = field(default_factory=SupervisionConfig)
    redactor: Redactor = SHAPES_ONLY
    """Masks in all that servers say what is nobody's business."""

    def limits_of(self, server: str, tool: str) -> ToolLimits:
        """Return the limits of one tool."""
        override = self.overrides.get(f"{server}/{tool}")
        return self.limits if override is None else override.applied_to(self.limits)

    def override_of(self, server: str, tool: str) -> ToolOverride:
        """Return what is said about one tool alone."""
        return self.overrides.get(f"{server}/{tool}") or ToolOverride()

    def largest_result_bytes(self, server: str) -> int:
        """Return the most that any tool of a server may answer."""
        given = [each.max_result_bytes or 0 for key, each in self.overrides.items() if key.startswith(f"{server}/")]
        return max([self.limits.max_result_bytes, *given])
