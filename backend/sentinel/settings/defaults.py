"""What holds where nobody configured anything: providers of the environment, and the simulated pair."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pydantic import SecretStr

from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.settings.environment import Environment
from sentinel.settings.model import DEFAULT_ROUTE, Settings
from sentinel.settings.provider_sections import (
    OLLAMA_URL,
    OPENAI_URL,
    LangChainSettings,
    OllamaSettings,
    OpenAISettings,
)

AnyProvider = OpenAISettings | OllamaSettings | LangChainSettings

OLLAMA: Final = "ollama"
SIMULATED_PRIMARY: Final = Target("simulated-primary", "sim-large")
SIMULATED_FALLBACK: Final = Target("simulated-fallback", "sim-small")
SIMULATED_NAMES: Final = (SIMULATED_PRIMARY.provider, SIMULATED_FALLBACK.provider)
BUILT_IN_NAMES: Final = ("openai", "groq", OLLAMA, *SIMULATED_NAMES)


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider that the environment gives, the model it is asked for, and the variable that offers it."""

    target: Target
    provider: AnyProvider
    variable: str


def environment_offers(environment: Environment) -> tuple[Offer, ...]:
    """Give the providers that have a key, or an address of their own, in the order in which they are preferred."""
    env = environment
    offers = []
    if env.openai_api_key or env.openai_base_url:
        openai = OpenAISettings(base_url=env.openai_base_url or OPENAI_URL, api_key=env.openai_api_key)
        variable = "OPENAI_API_KEY" if env.openai_api_key else "OPENAI_BASE_URL"
        offers.append(Offer(Target("openai", env.openai_model), openai, variable))
    if env.groq_api_key:
        groq = OpenAISettings(base_url=env.groq_base_url, api_key=env.groq_api_key)
        offers.append(Offer(Target("groq", env.groq_model), groq, "GROQ_API_KEY"))
    if env.ollama_base_url:
        ollama = OllamaSettings(base_url=env.ollama_base_url)
        offers.append(Offer(Target(OLLAMA, env.ollama_model), ollama, "OLLAMA_BASE_URL"))
    return tuple(offers)


def simulated_route(deadlines: Deadlines) -> Route:
    """Give the default route of a machine on which nothing is configured."""
    return Route(name=DEFAULT_ROUTE, targets=(SIMULATED_PRIMARY, SIMULATED_FALLBACK), deadlines=deadlines)


def with_default_ollama(settings: Settings, *, answers: bool) -> Settings:
    """Give the settings after somebody has looked whether Ollama answers at its default address.

    An Ollama that answers is the last target of the default route, or its only one instead of the simulated pair.
    Settings that do not want the probe come back unchanged.
    """
    if not settings.wants_ollama_probe:
        return settings
    if not answers:
        return settings.model_copy(update={"wants_ollama_probe": False})
    route = settings.routes[DEFAULT_ROUTE]
    kept = () if settings.simulated_providers else route.targets
    target = Target(OLLAMA, settings.ollama_model)
    return settings.model_copy(
        update={
            "wants_ollama_probe": False,
            "simulated_providers": (),
            "providers": settings.providers | {OLLAMA: OllamaSettings(base_url=OLLAMA_URL)},
            "routes": settings.routes | {DEFAULT_ROUTE: replace(route, targets=(*kept, target))},
        }
    )


def with_simulated(settings: Settings, *, openai_base_url: str, ollama_base_url: str) -> Settings:
    """Give the settings with the simulated providers at the addresses where the simulator now listens."""
    pair: Mapping[str, AnyProvider] = {
        SIMULATED_PRIMARY.provider: OpenAISettings(base_url=openai_base_url, api_key=SecretStr("simulated")),
        SIMULATED_FALLBACK.provider: OllamaSettings(base_url=ollama_base_url),
    }
    wanted = {name: pair[name] for name in settings.simulated_providers}
    return settings.model_copy(update={"providers": settings.providers | wanted})
