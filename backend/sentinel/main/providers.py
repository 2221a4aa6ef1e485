"""From the configured providers to adapters, and to the cards that show them."""

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx
import httpx2
from pydantic import SecretStr

from sentinel.clock import Clock
from sentinel.domain.routes import Route, Target
from sentinel.health.providers import ProviderCard
from sentinel.providers.base import ChatProvider
from sentinel.providers.custom import custom_provider
from sentinel.providers.ollama import ollama_provider
from sentinel.providers.openai import HttpClients, connection_pool, openai_provider
from sentinel.settings import LangChainSettings, OllamaSettings, OpenAISettings, Settings

_NO_KEY = SecretStr("none")
"""For servers that ask for no key; the SDK insists on one."""


async def build_providers(settings: Settings, clock: Clock, stack: AsyncExitStack) -> dict[str, ChatProvider]:
    """Make an adapter for every configured provider; their connections are closed with `stack`."""
    tls = httpx2.create_ssl_context()
    return {
        name: await _build(name, chosen, tls=tls, clock=clock, stack=stack)
        for name, chosen in settings.providers.items()
    }


async def _build(
    name: str,
    chosen: OpenAISettings | OllamaSettings | LangChainSettings,
    *,
    tls: ssl.SSLContext,
    clock: Clock,
    stack: AsyncExitStack,
) -> ChatProvider:
    match chosen:
        case OpenAISettings():
            clients = HttpClients(
                pool=await stack.enter_async_context(connection_pool(tls)),
                unused=stack.enter_context(httpx2.Client(verify=tls)),
            )
            key = chosen.api_key or _NO_KEY
            return openai_provider(name, base_url=chosen.base_url, api_key=key, clients=clients, clock=clock)
        case OllamaSettings():
            transport = await stack.enter_async_context(httpx.AsyncHTTPTransport(verify=tls))
            return ollama_provider(name, base_url=chosen.base_url, transport=transport, tls=tls, clock=clock)
        case LangChainSettings():
            params = chosen.params.get_secret_value()
            return custom_provider(name, class_path=chosen.class_path, params=params, clock=clock)


def configured_targets(settings: Settings) -> frozenset[Target]:
    """Give the targets that the configuration names; callers may name others."""
    return frozenset(target for route in settings.routes.values() for target in route.targets) | set(settings.models)


def provider_cards(settings: Settings, default_route: Route) -> dict[str, ProviderCard]:
    """Describe every provider for the status page."""
    targets = configured_targets(settings)
    return {name: _card(name, settings, route=default_route, targets=targets) for name in settings.providers}


def _card(name: str, settings: Settings, *, route: Route, targets: frozenset[Target]) -> ProviderCard:
    first = next((target for target in route.targets if target.provider == name), None)
    return ProviderCard(
        name=name,
        kind=settings.providers[name].kind,
        simulated=settings.is_simulated(name),
        tier=route.tier(first) if first else None,
        models=tuple(sorted(target.model for target in targets if target.provider == name)),
    )


def kill_switch_targets(settings: Settings) -> frozenset[str]:
    """Give every name that a kill switch may have; single tools are named below their server's."""
    targets = configured_targets(settings)
    servers = (f"tool:{name}" for name in settings.mcp_servers)
    return frozenset({"all", "tier:primary", "tier:fallback", *settings.providers, *map(str, targets), *servers})


def circuits_of(routes: Mapping[str, Route]) -> list[str]:
    """Give the keys of all circuits that the routes use, so that they can be seen before the first call."""
    keys = [key for route in routes.values() for target in route.targets for key in target.breaker_keys]
    return list(dict.fromkeys(keys))
