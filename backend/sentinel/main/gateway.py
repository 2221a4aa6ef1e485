"""From the configured providers to the gateway."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from sentinel.gateway.call import Recovery
from sentinel.gateway.completions import Completions, served_models
from sentinel.gateway.endpoints import GatewayApp
from sentinel.gateway.http_upstream import HttpUpstream, UpstreamSessions, upstream_sessions
from sentinel.gateway.open_calls import OpenCalls
from sentinel.gateway.records import Observe
from sentinel.gateway.repeats import Repeats
from sentinel.gateway.routing import Router
from sentinel.gateway.translated_upstream import TranslatedUpstream
from sentinel.gateway.upstream import Upstream, UpstreamClient
from sentinel.ids import IdSource
from sentinel.providers.base import ChatProvider
from sentinel.settings import LangChainSettings, OllamaSettings, OpenAISettings, Settings


async def build_gateway(
    settings: Settings,
    recovery: Recovery,
    *,
    providers: Mapping[str, ChatProvider],
    ids: IdSource,
    observe: Observe,
    stack: AsyncExitStack,
) -> GatewayApp:
    """Make the gateway; its connections are closed with `stack`. `providers` serve those that speak no wire."""
    sessions = await stack.enter_async_context(upstream_sessions())
    upstreams = {
        name: _wire(chosen, sessions)
        if not isinstance(chosen, LangChainSettings)
        else TranslatedUpstream(provider=providers[name], clock=recovery.clock, ids=ids)
        for name, chosen in settings.providers.items()
    }
    open_calls = OpenCalls()
    completions = Completions(
        recovery=recovery,
        router=Router(settings.routes, frozenset(upstreams)),
        client=UpstreamClient(upstreams=upstreams),
        ids=ids,
        observe=observe,
        open_calls=open_calls,
    )
    limits = settings.limits
    return GatewayApp(
        completions=completions,
        repeats=Repeats(clock=recovery.clock, window_seconds=limits.idempotency_window_seconds),
        open_calls=open_calls,
        models=served_models(settings.routes),
        max_body_bytes=limits.max_body_bytes,
    )


def _wire(chosen: OpenAISettings | OllamaSettings, sessions: UpstreamSessions) -> Upstream:
    base_url = chosen.base_url.rstrip("/")
    if isinstance(chosen, OllamaSettings):
        return HttpUpstream(sessions=sessions, base_url=f"{base_url}/v1")
    key = chosen.api_key.get_secret_value() if chosen.api_key else None
    return HttpUpstream(sessions=sessions, base_url=base_url, headers={"authorization": f"Bearer {key}"} if key else {})
