"""Capabilities: jobs that several equivalent tools can do, as configured, held against what the tools really are.

Nobody but the operator says that two tools are equivalent. Whether arguments and results fit is checked as soon as the
tools are known; a member that does not fit is left out, a group that mixes reading and changing is refused.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig

Find = Callable[[str, str], ToolSpec | None]
"""Gives a tool by server and name, if the server has been listed and has it."""

_ORDER: Final = (Effect.READ_ONLY, Effect.IDEMPOTENT, Effect.MUTATING)
_ANY_NUMBER: Final = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One tool of a capability; `problem` says why it cannot be used, `spec` is None until its server is known."""

    config: MemberConfig
    spec: ToolSpec | None = None
    problem: str | None = None

    @property
    def is_usable(self) -> bool:
        """Whether calls may go to it."""
        return self.spec is not None and self.problem is None

    def arguments_for(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give a capability's arguments as the tool's own; None if the tool lacks one of them."""
        mapped = {self.config.arguments.get(name, name): value for name, value in arguments.items()}
        known = _properties(self.spec)
        if known and not mapped.keys() <= known.keys():
            return None
        return mapped | dict(self.config.constants)

    def arguments_from(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Give the tool's own arguments as the capability's."""
        names = {its: name for name, its in self.config.arguments.items()}
        return {names.get(name, name): value for name, value in own.items() if name not in self.config.constants}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A capability as it stands. `spec` is what callers see, None while no member is known; `refusal` says why not."""

    name: str
    config: CapabilityConfig
    members: tuple[Member, ...]
    spec: ToolSpec | None
    refusal: str | None = None


def resolve(name: str, config: CapabilityConfig, find: Find, *, is_listed: Callable[[str], bool]) -> Capability:
    """Hold a capability against the tools that are known now."""
    found = tuple(_found(member, find, is_listed=is_listed) for member in config.members)
    refusal = mixture([(f"{m.config.server}/{m.config.tool}", m.spec.effect) for m in found if m.spec])
    model = next((member for member in found if member.is_usable), None)
    if model is None or model.spec is None:
        return Capability(name=name, config=config, members=found, spec=None, refusal=refusal)
    schema = _schema_of(model)
    members = tuple(_checked(member, schema) for member in found)
    usable = [member.spec for member in members if member.spec and member.is_usable]
    spec = ToolSpec(
        name=name,
        server=model.config.server,
        tool=model.config.tool,
        description=config.description or model.spec.description,
        input_schema=schema,
        effect=max((each.effect for each in usable), key=_ORDER.index, default=Effect.MUTATING),
        size=model.spec.size,
        capability=name,
    )
    return Capability(name=name, config=config, members=members, spec=None if refusal else spec, refusal=refusal)


def mixture(effects: Sequence[tuple[str, Effect]]) -> str | None:
    """Say which members only read and which change something, if there are both: they are no equivalents."""
    reading = [tool for tool, effect in effects if effect is Effect.READ_ONLY]
    changing = [tool for tool, effect in effects if effect is Effect.MUTATING]
    if not reading or not changing:
        return None
    return (
        f"mixes tools that only read ({', '.join(reading)}) with tools that may change something "
        f"({', '.join(changing)}); set tools.overrides.SERVER/TOOL.effect if that is not so"
    )


def result_at(path: str, structured: Mapping[str, Any] | None, text: str) -> Any:
    """Give what stands at a path of a result.

    Raises:
        LookupError: there is no such place.
    """
    value: Any = structured
    if value is None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise LookupError(path) from exc
    for step in path.split("."):
        value = _step(value, step, path)
    return value


def _step(value: Any, step: str, path: str) -> Any:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    raise LookupError(path)


def _found(config: MemberConfig, find: Find, *, is_listed: Callable[[str], bool]) -> Member:
    spec = find(config.server, config.tool)
    missing = "its server has no such tool" if spec is None and is_listed(config.server) else None
    if spec is not None and spec.is_quarantined:
        missing = "it waits for an operator's approval"
    return Member(config=config, spec=spec, problem=missing or _own_problem(config, spec))


def _own_problem(config: MemberConfig, spec: ToolSpec | None) -> str | None:
    """Say what of a member's configuration its tool does not know."""
    if spec is None:
        return None
    known = _properties(spec)
    unknown = sorted({*config.arguments.values(), *config.constants} - known.keys()) if known else []
    if unknown:
        return f"the tool has no argument {unknown[0]!r}"
    if config.result and spec.output_schema is not None and not _has_place(spec.output_schema, config.result):
        return f"the tool's results have no {config.result!r}"
    return None


def _has_place(schema: Mapping[str, Any], path: str) -> bool:
    current: Any = schema
    for step in path.split("."):
        if not isinstance(current, Mapping) or "$ref" in current:
            return True  # too intricate to follow; the result will tell
        inner = current.get("items") if step.isdigit() else (current.get("properties") or {}).get(step)
        if inner is None:
            return not (current.get("properties") or current.get("items"))
        current = inner
    return True


def _schema_of(model: Member) -> dict[str, Any]:
    """Give the schema of a capability's arguments: that of its first tool, with the capability's names."""
    names = {its: name for name, its in model.config.arguments.items()}
    own = dict(model.spec.input_schema) if model.spec else {}
    kept = {key: value for key, value in own.items() if key not in {"properties", "required", "title"}}
    properties = {
        names.get(name, name): value
        for name, value in _properties(model.spec).items()
        if name not in model.config.constants
    }
    required = [names.get(name, name) for name in _required(model.spec) if name not in model.config.constants]
    return kept | {"type": "object", "properties": properties, "required": required}


def _checked(member: Member, schema: Mapping[str, Any]) -> Member:
    """Hold a member against the capability's arguments."""
    if not member.is_usable:
        return member
    problem = _misfit(member, schema)
    return member if problem is None else Member(config=member.config, spec=member.spec, problem=problem)


def _misfit(member: Member, schema: Mapping[str, Any]) -> str | None:
    offered: Mapping[str, Any] = schema["properties"]
    strangers = sorted(member.config.arguments.keys() - offered.keys())
    if strangers:
        return f"the capability has no argument {strangers[0]!r}"
    own = _properties(member.spec)
    given = {member.config.arguments.get(name, name): name for name in offered}
    for name in _required(member.spec):
        if name not in given and name not in member.config.constants:
            return f"the tool needs {name!r}, which the capability does not have"
    for name, offered_as in given.items():
        if name not in own:
            if offered_as in schema["required"] and own:
                return f"the tool has no argument for {offered_as!r}"
        elif not _types_fit(offered[offered_as], own[name]):
            return f"the tool's argument {name!r} is of another type than {offered_as!r}"
    return None


def _types_fit(offered: Any, own: Any) -> bool:
    one = offered.get("type") if isinstance(offered, Mapping) else None
    other = own.get("type") if isinstance(own, Mapping) else None
    if not isinstance(one, str) or not isinstance(other, str):
        return True  # several types, or none named: the tool itself will tell
    return one == other or {one, other} == _ANY_NUMBER


def _properties(spec: ToolSpec | None) -> Mapping[str, Any]:
    found = spec.input_schema.get("properties") if spec else None
    return found if isinstance(found, Mapping) else {}


def _required(spec: ToolSpec | None) -> list[str]:
    found = spec.input_schema.get("required") if spec else None
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
