"""What a tool is to those who call it: a public name, a cleaned description, a schema, and what calling it does.

Everything a server says about its tools is capped here: it goes into prompts, and into the console.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from sentinel.resilience.breaker_board import tool_key
from sentinel.tools.catalogue.reading import MAX_OWN_NAME, ReadTool, cleaned
from sentinel.tools.config import Effect, ServerConfig, ToolOverride

MAX_NAME: Final = 64
"""What model providers accept as the name of a function."""

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")
_DIGITS: Final = 16  # of a digest: with half of them, a server finds a tool of its own that has another's name
_MADE_UNIQUE: Final = re.compile(rf"_[0-9a-f]{{{_DIGITS}}}\Z")


class EffectSource(StrEnum):
    """Who says what calling a tool does."""

    OVERRIDE = "override"
    """The operator, in the configuration."""
    ANNOTATIONS = "annotations"
    """The server itself, which is trusted."""
    DEFAULT = "default"
    """Nobody whom we believe: the tool counts as one that changes something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One tool of one server; `name` is `server__tool`, unique, and what models and gateway clients call it."""

    name: str
    server: str
    tool: str
    description: str
    input_schema: Mapping[str, Any]
    effect: Effect = Effect.MUTATING
    effect_source: EffectSource = EffectSource.DEFAULT
    output_schema: Mapping[str, Any] | None = None
    digest: str = ""
    """Names the tool's definition: another definition has another digest."""
    facts: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the definition says, to be shown; see `definition`."""
    is_quarantined: bool = False
    """The definition is not the one that was approved; nothing is sent."""
    is_trusted: bool = False
    """Whether its server is trusted."""
    size: int = 0
    """How many characters a model is told of it."""
    capability: str | None = None
    """Set where this is no tool but a capability; `server` and `tool` are then those asked first."""

    @property
    def read_only(self) -> bool:
        """Whether calling it changes nothing, as far as somebody we trust says so."""
        return self.effect is Effect.READ_ONLY

    @property
    def label(self) -> str:
        """The name for people and figures."""
        return f"{self.server}/{self.tool}"

    @property
    def target(self) -> str:
        """The name of the tool's circuit and kill switch."""
        return tool_key(self.server, self.tool)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a server lists and nobody uses: a tool, or only the schema of its results, which are then unchecked."""

    tool: str
    part: Literal["tool", "output_schema"]
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What is taken of a server's list of tools, and what is not."""

    specs: tuple[ToolSpec, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def tool_specs(
    server: str,
    tools: Sequence[ReadTool],
    *,
    config: ServerConfig,
    overrides: Mapping[str, ToolOverride],
    reserved: Collection[str] = frozenset(),
) -> Listing:
    """Take a server's list of tools: one that models or people could not bear is left out, and never the others.

    `overrides` has keys of the form `server/tool`; `reserved` are names that no server's tool may have.
    """
    taken, specs = set(reserved), list[ToolSpec]()
    left_out: list[LeftOut] = []
    for tool in tools:
        problem = tool.problem or _name_problem(public_name(server, tool.name), taken)
        if problem is not None:
            left_out.append(LeftOut(tool=_shown(tool.name), part="tool", reason=problem))
            continue
        if tool.unchecked is not None:
            left_out.append(LeftOut(tool=_shown(tool.name), part="output_schema", reason=tool.unchecked))
        specs.append(_spec(server, tool, config=config, override=overrides.get(f"{server}/{tool.name}")))
        taken.add(specs[-1].name)
    return Listing(tuple(specs), tuple(left_out))


def _spec(server: str, tool: ReadTool, *, config: ServerConfig, override: ToolOverride | None) -> ToolSpec:
    effect, source = _effect(tool, config, override)
    return ToolSpec(
        name=public_name(server, tool.name),
        server=server,
        tool=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        effect=effect,
        effect_source=source,
        output_schema=tool.output_schema,
        digest=tool.digest,
        facts=tool.facts,
        is_trusted=config.trusted,
        size=tool.size,
    )


def _name_problem(name: str, taken: Collection[str]) -> str | None:
    return f"its name, {name!r}, is that of another one" if name in taken else None


def _shown(name: str) -> str:
    return cleaned(name[:MAX_OWN_NAME])


def public_name(server: str, tool: str) -> str:
    """Return `server__tool` as a function name that every model provider accepts, made unique where that changes it.

    It can be read in one way only: where a name could be that of two pairs, or looks as if it had been made unique, a
    digest of both is added.
    """
    plain = f"{server}__{tool}"
    name = _NOT_IN_NAMES.sub("_", plain)
    is_clear = name == plain and "__" not in f"{server}_" and not _MADE_UNIQUE.search(name)
    if is_clear and len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(plain.encode()).hexdigest()[:_DIGITS]
    return f"{name[: MAX_NAME - _DIGITS - 1]}_{digest}"


def tools_part(name: str, server: str) -> str | None:
    """Return what of a public name stands for the tool; None if no tool of this server could have that name."""
    plain = f"{server}__"
    prefix = _NOT_IN_NAMES.sub("_", plain)[: MAX_NAME - _DIGITS - 1]
    is_clear = prefix == plain
    if not name.startswith(prefix) or not (is_clear or _MADE_UNIQUE.search(name)):
        return None
    return name.removeprefix(prefix)


def _effect(tool: ReadTool, config: ServerConfig, override: ToolOverride | None) -> tuple[Effect, EffectSource]:
    if override is not None and override.effect is not None:
        return override.effect, EffectSource.OVERRIDE
    if not config.trusted or tool.annotations is None:
        # What an untrusted server says about itself decides nothing.
        return Effect.MUTATING, EffectSource.DEFAULT
    if tool.annotations.read_only_hint:
        return Effect.READ_ONLY, EffectSource.ANNOTATIONS
    effect = Effect.IDEMPOTENT if tool.annotations.idempotent_hint else Effect.MUTATING
    return effect, EffectSource.ANNOTATIONS
