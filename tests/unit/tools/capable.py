"""Tools that may stand in for each other, and the capability that they make."""

from typing import Any

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig
from sentinel.tools.routing.capabilities import Capability, resolve

STRING = {"type": "string"}


def spec(server: str, properties: dict[str, Any], *, effect: Effect = Effect.READ_ONLY, **more: Any) -> ToolSpec:
    schema = {"type": "object", "properties": properties, "required": more.pop("required", list(properties))}
    name, words = f"{server}__t", f"{server}'s"
    return ToolSpec(name=name, server=server, tool="t", description=words, input_schema=schema, effect=effect, **more)


def resolved(specs: dict[str, ToolSpec | None], **members: dict[str, Any]) -> Capability:
    config = CapabilityConfig(
        members=tuple(MemberConfig(server=server, tool="t", **given) for server, given in members.items())
    )
    return resolve("job", config, lambda server, _tool: specs.get(server), is_listed=lambda server: server in specs)
