"""What a tool is to those who call it: a public name, a cleaned description, a schema, and what calling it does.

Everything a server says about its tools is capped here: it goes into prompts, and into the console.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from mcp_types import Tool

from sentinel.tools.argument_schemas import NOT_JSON, TOO_MUCH, encodes, fitted, schema_problem
from sentinel.tools.config import Effect, ServerConfig, ToolOverride
from sentinel.tools.definition import facts_of, is_plain
from sentinel.tools.result_check import is_modest
from sentinel.tools.short_lists import MALFORMED

MAX_NAME: Final = 64
"""What model providers accept as the name of a function."""
MAX_OWN_NAME: Final = 128
"""What MCP recommends as the longest name of a tool."""
MAX_DESCRIPTION: Final = 4_000

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
        return f"tool:{self.server}/{self.tool}"


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
    tools: Sequence[Tool],
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
        problem = _problem(tool) or _name_problem(public_name(server, tool.name), taken)
        if problem is not None:
            left_out.append(LeftOut(tool=_shown(tool.name), part="tool", reason=problem))
            continue
        unchecked = _output_problem(tool)
        if unchecked is not None:
            left_out.append(LeftOut(tool=_shown(tool.name), part="output_schema", reason=unchecked))
        kept = tool if unchecked is None else tool.model_copy(update={"output_schema": None})
        specs.append(_spec(server, kept, config=config, override=overrides.get(f"{server}/{tool.name}")))
        taken.add(specs[-1].name)
    return Listing(tuple(specs), tuple(left_out))


def _spec(server: str, tool: Tool, *, config: ServerConfig, override: ToolOverride | None) -> ToolSpec:
    effect, source = _effect(tool, config, override)
    description, schema = cleaned(tool.description or tool.title or ""), fitted(tool.input_schema)
    return ToolSpec(
        name=public_name(server, tool.name),
        server=server,
        tool=tool.name,
        description=description,
        input_schema=schema,
        effect=effect,
        effect_source=source,
        output_schema=tool.output_schema,
        digest=definition_digest(tool),
        facts=facts_of(tool),
        is_trusted=config.trusted,
        size=len(description) + len(json.dumps(schema)),
    )


def _problem(tool: Tool) -> str | None:
    """Say why a tool cannot be used, whatever the others are."""
    if (tool.meta or {}).get(MALFORMED):
        return "its definition is malformed"
    if not tool.name:
        return "it has no name"
    if len(tool.name) > MAX_OWN_NAME:
        return f"its name is longer than {MAX_OWN_NAME} characters"
    return schema_problem(tool.input_schema) if encodes([tool.name, tool.title]) else NOT_JSON


def _name_problem(name: str, taken: Collection[str]) -> str | None:
    return f"its name, {name!r}, is that of another one" if name in taken else None


def _output_problem(tool: Tool) -> str | None:
    if tool.output_schema is None:
        return None
    if not is_modest(tool.output_schema):
        return TOO_MUCH
    return None if encodes(tool.output_schema) else NOT_JSON


def _shown(name: str) -> str:
    return cleaned(name[:MAX_OWN_NAME])


def definition_digest(tool: Tool) -> str:
    """Give the SHA-256 of what a server says about a tool: name, title, description, schemas, annotations."""
    definition = tool.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        include={"name", "title", "description", "input_schema", "output_schema", "annotations"},
    )
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


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


def cleaned(text: str) -> str:
    """Return text without control and direction-changing characters, at a bounded length."""
    cut = text[:MAX_DESCRIPTION]
    if is_plain(cut):
        return cut.strip()
    return "".join(char for char in cut if char in "\n\t" or unicodedata.category(char)[0] != "C").strip()


def _effect(tool: Tool, config: ServerConfig, override: ToolOverride | None) -> tuple[Effect, EffectSource]:
    if override is not None and override.effect is not None:
        return override.effect, EffectSource.OVERRIDE
    if not config.trusted or tool.annotations is None:
        # What an untrusted server says about itself decides nothing.
        return Effect.MUTATING, EffectSource.DEFAULT
    if tool.annotations.read_only_hint:
        return Effect.READ_ONLY, EffectSource.ANNOTATIONS
    effect = Effect.IDEMPOTENT if tool.annotations.idempotent_hint else Effect.MUTATING
    return effect, EffectSource.ANNOTATIONS
