"""What a tool is to those who call it: a public name, a cleaned description, a schema, and what calling it does.

Everything a server says about its tools is capped here: it goes into prompts, and into the console.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from mcp_types import Tool

from sentinel.tools.config import Effect, ServerConfig, ToolOverride
from sentinel.tools.definition import facts_of
from sentinel.tools.result_check import is_modest

MAX_NAME: Final = 64
"""What model providers accept as the name of a function."""
MAX_DESCRIPTION: Final = 4_000

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


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


def tool_specs(
    server: str, tools: Sequence[Tool], *, config: ServerConfig, overrides: Mapping[str, ToolOverride]
) -> tuple[ToolSpec, ...]:
    """Return the specs of a server's tools; a nameless tool, a second of one name and an oversized schema are left out.

    `overrides` has keys of the form `server/tool`.
    """
    specs: dict[str, ToolSpec] = {}
    for tool in tools:
        if tool.name and tool.name not in specs and is_modest(tool.input_schema):
            effect, source = _effect(tool, config, overrides.get(f"{server}/{tool.name}"))
            specs[tool.name] = ToolSpec(
                name=public_name(server, tool.name),
                server=server,
                tool=tool.name,
                description=cleaned(tool.description or tool.title or ""),
                input_schema=tool.input_schema,
                effect=effect,
                effect_source=source,
                output_schema=tool.output_schema,
                digest=definition_digest(tool),
                facts=facts_of(tool),
            )
    return tuple(specs.values())


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
    """Return `server__tool` as a function name that every model provider accepts, made unique where that changes it."""
    plain = f"{server}__{tool}"
    name = _NOT_IN_NAMES.sub("_", plain)
    is_clear = name == plain and "__" not in server  # else two pairs could have one name
    if is_clear and len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(plain.encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}_{digest}"


def cleaned(text: str) -> str:
    """Return text without control and direction-changing characters, at a bounded length."""
    kept = "".join(char for char in text[:MAX_DESCRIPTION] if char in "\n\t" or unicodedata.category(char)[0] != "C")
    return kept.strip()


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
