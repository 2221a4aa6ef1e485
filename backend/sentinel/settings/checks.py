"""What a single value cannot show: that the parts of the configuration fit together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sentinel.domain.routes import Target
from sentinel.settings.defaults import BUILT_IN_NAMES
from sentinel.settings.document import Document
from sentinel.settings.environment import Environment, Variables, is_loopback
from sentinel.settings.model import DEFAULT_ROUTE
from sentinel.settings.own_tools import OWN_SERVERS
from sentinel.settings.problems import KeyPath, did_you_mean, one_of
from sentinel.settings.resilience_sections import RetrySettings
from sentinel.settings.routing import Routing
from sentinel.settings.schema import FileSettings
from sentinel.settings.tool_sections import CapabilitySettings

_RESERVED: frozenset[str] = frozenset({"all"})


@dataclass(frozen=True, slots=True)
class Checker:
    """Checks one file; names of entries that are wrong in themselves still count as known."""

    document: Document
    file: FileSettings

    def check(self, routing: Routing) -> None:
        """Report everything that does not fit."""
        known = list(dict.fromkeys([*self._names("providers"), *routing.providers, *routing.simulated]))
        described = known if self._names("providers") else list(dict.fromkeys([*known, *BUILT_IN_NAMES]))
        self._check_providers()
        self._check_routes(known)
        self._check_models(described, routing)
        self._check_retry(self.file.retry)
        self._check_tools()

    def _check_providers(self) -> None:
        for name in _RESERVED & set(self.file.providers):
            self._add(("providers", name), "is a reserved name: it means every provider")

    def _check_routes(self, known: Sequence[str]) -> None:
        if self._names("routes") and DEFAULT_ROUTE not in self._names("routes"):
            self._add(("routes",), f"must have a route named {DEFAULT_ROUTE!r}: it serves requests that name none")
        for name, route in self.file.routes.items():
            if route.hedge.enabled and len({target.provider for target in route.targets}) == 1:
                self._add(("routes", name, "hedge", "enabled"), "needs a target of a second provider to ask")
        for name in self._names("routes"):
            place = ("routes", name, "targets")
            listed = self.document.value(place)
            if listed == []:
                self._add(place, "must have at least one target (provider/model)")
            for index, text in enumerate(listed if isinstance(listed, list) else []):
                if (target := _target(text)) is None:
                    continue
                self._check_provider((*place, index), target, known)
                if text in listed[:index]:
                    self._add((*place, index), f"{self._shown(text, (*place, index))} stands in this route twice")

    def _check_models(self, known: Sequence[str], routing: Routing) -> None:
        declared = {*self.file.models, *(target for route in routing.routes.values() for target in route.targets)}
        for target, model in self.file.models.items():
            place = ("models", str(target))
            self._check_provider(place, target, known)
            provider = routing.providers.get(target.provider)
            if model.prefill and provider is not None and provider.kind == "langchain":
                self._add(
                    (*place, "prefill"), "must be false: a model of kind 'langchain' cannot be given half an answer"
                )
            if model.larger_context is not None:
                self._check_larger(target, model.larger_context, declared)

    def _check_larger(self, target: Target, larger: Target, declared: set[Target]) -> None:
        key = ("models", str(target), "larger_context")
        if larger == target:
            self._add(key, "names the model itself")
        elif larger not in declared:
            self._add(key, f"{self._shown(str(larger), key)} is in no route and not in the section models")
        elif (small := self.file.models[target].context_tokens) and larger in self.file.models:
            large = self.file.models[larger].context_tokens
            if large is not None and large <= small:
                self._add(key, f"{self._shown(str(larger), key)} does not have more context_tokens")

    def _check_provider(self, place: KeyPath, target: Target, known: Sequence[str]) -> None:
        if target.provider in known:
            return
        have = f"known: {', '.join(known)}" if known else "none is configured"
        hint = did_you_mean(target.provider, known) + _KEY_HINTS.get(target.provider, "")
        self._add(place, f"unknown provider {self._shown(target.provider, place)}; {have}{hint}")

    def _check_retry(self, retry: RetrySettings) -> None:
        if retry.base_delay_seconds > retry.max_delay_seconds:
            text = f"is longer than max_delay_seconds ({retry.max_delay_seconds:g})"
            self._add(("retry", "base_delay_seconds"), text)

    def _check_tools(self) -> None:
        own = self.file.mcp_servers is None  # then our own servers run, without being named
        servers = list(OWN_SERVERS) if own else self._names("mcpServers")
        for place, tool in self._tools():
            server = tool.partition("/")[0]
            if server not in servers:
                have = f"known: {', '.join(servers)}" if servers else "mcpServers is empty"
                hint = did_you_mean(server, servers)
                self._add(place, f"unknown tool server {self._shown(server, place)}; {have}{hint}")

        for name, capability in self.file.tools.capabilities.items():
            self._check_members(("tools", "capabilities", name, "members"), capability)

    def _check_members(self, place: KeyPath, capability: CapabilitySettings) -> None:
        """Refuse what can be known before any server is asked; the rest is told by `GET /api/tools`."""
        tools = [member.tool for member in capability.members]
        for index, tool in enumerate(tools):
            if tool in tools[:index]:
                self._add((*place, index, "tool"), f"{self._shown(tool, (*place, index, 'tool'))} stands here twice")
        overrides = self.file.tools.overrides
        effects = {tool: overrides[tool].effect for tool in tools if tool in overrides}
        reading = [tool for tool, effect in effects.items() if effect == "read_only"]
        changing = [tool for tool, effect in effects.items() if effect == "mutating"]
        if reading and changing:
            self._add(place, f"mixes {reading[0]!r}, which only reads, with {changing[0]!r}, which changes something")

    def _tools(self) -> Iterator[tuple[KeyPath, str]]:
        for tool in self.file.tools.overrides:
            yield ("tools", "overrides", tool), tool
        for name, capability in self.file.tools.capabilities.items():
            place: KeyPath = ("tools", "capabilities", name, "members")
            if not capability.members:
                self._add(place, "must have at least one member ({tool: server/tool})")
            for index, member in enumerate(capability.members):
                yield (*place, index, "tool"), member.tool

    def _shown(self, text: str, path: KeyPath) -> str:
        """Quote a text, unless it came from a variable and might be anything."""
        return "(the value of a variable)" if path in self.document.expanded else repr(text)

    def _names(self, section: str) -> list[str]:
        entries = self.document.data.get(section)
        return list(entries) if isinstance(entries, dict) else []

    def _add(self, path: KeyPath, text: str) -> None:
        self.document.report(path, text)


_KEY_HINTS: Mapping[str, str] = {
    "openai": "; set OPENAI_API_KEY, or declare it under providers",
    "groq": "; set GROQ_API_KEY, or declare it under providers",
}


def _target(value: object) -> Target | None:
    try:
        return Target.parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def check_environment(environment: Environment, variables: Variables) -> None:
    """Refuse what this version cannot keep safe, and delays that do not fit."""
    if not is_loopback(environment.host) and environment.sentinel_auth != "off":
        text = (
            f"{environment.host!r} can be reached from other machines, and this version has no keys to protect it; "
            f"must be {one_of(['127.0.0.1', '::1', 'localhost'])}, unless SENTINEL_AUTH=off says that something else "
            "keeps strangers out, such as a container's own network"
        )
        variables.report("HOST", text)
    if environment.sentinel_auth == "keys":
        text = "keys do not exist yet in this version; must be 'auto' or 'off'"
        variables.report("SENTINEL_AUTH", text)


def check_retry_variables(retry: RetrySettings, variables: Variables) -> None:
    """Refuse a first delay above the longest one, when a variable made it so."""
    given = [name for name in ("RETRY_BASE_DELAY", "RETRY_MAX_DELAY") if name in variables.values]
    if given and retry.base_delay_seconds > retry.max_delay_seconds:
        text = f"the first delay ({retry.base_delay_seconds:g} s) is above the longest ({retry.max_delay_seconds:g} s)"
        variables.report(given[0], text)
