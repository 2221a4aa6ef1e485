"""Which providers and routes there are: those of the file, those of the environment, or the simulated pair."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sentinel.domain.routes import Deadlines, HedgePolicy, Midstream, Route, RoutePolicy, Seam, Target
from sentinel.settings.defaults import (
    OLLAMA,
    SIMULATED_NAMES,
    AnyProvider,
    Offer,
    environment_offers,
    simulated_route,
)
from sentinel.settings.document import Document
from sentinel.settings.environment import Environment
from sentinel.settings.model import DEFAULT_ROUTE
from sentinel.settings.provider_sections import OLLAMA_URL, OllamaSettings, RouteSettings
from sentinel.settings.schema import FileSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The outcome: what main builds providers and routes from."""

    providers: Mapping[str, AnyProvider]
    routes: Mapping[str, Route]
    simulated: tuple[str, ...] = ()
    wants_ollama_probe: bool = False


def plan_routing(file: FileSettings, document: Document, environment: Environment) -> Routing:
    """Decide on providers and routes; routes of the file that name an unknown provider are checked elsewhere."""
    deadlines = _deadlines(environment)
    routes = {name: _route(name, route, deadlines) for name, route in file.routes.items()}
    if document.data.get("providers"):
        if not document.data.get("routes"):
            routes = _route_over_models(file, document, deadlines)
        return Routing(providers=file.providers, routes=routes)
    offers = environment_offers(environment)
    if document.data.get("routes"):
        return _routing_of_routes(routes, offers)
    return _default_routing(offers, deadlines)


def _route(name: str, route: RouteSettings, deadlines: Deadlines) -> Route:
    chosen = route.deadlines.model_dump(exclude_unset=True)
    return Route(
        name=name,
        targets=tuple(route.targets),
        policy=RoutePolicy(route.policy),
        midstream=Midstream(route.midstream),
        seam=Seam(route.seam),
        hedge=HedgePolicy(**route.hedge.model_dump()),
        deadlines=replace(deadlines, **chosen),
    )


def _deadlines(environment: Environment) -> Deadlines:
    total = environment.request_timeout_seconds
    return Deadlines(total_seconds=total) if total else Deadlines()


def _route_over_models(file: FileSettings, document: Document, deadlines: Deadlines) -> dict[str, Route]:
    """Make the default route of a file that has providers but no routes: all models that it lists, by provider."""
    targets: list[Target] = []
    for name in file.providers:
        models = [target for target in file.models if target.provider == name]
        targets += models
        if not models:
            text = (
                f"there are no routes, and no model of {name!r} is known; "
                f"add a section routes, or list a model as {name}/MODEL in the section models"
            )
            document.report(("providers", name), text)
    return {DEFAULT_ROUTE: Route(name=DEFAULT_ROUTE, targets=tuple(targets), deadlines=deadlines)}


def _routing_of_routes(routes: Mapping[str, Route], offers: tuple[Offer, ...]) -> Routing:
    """Give the built-in providers that the file's routes name, and all that the environment has a key for."""
    named = {target.provider for route in routes.values() for target in route.targets}
    providers: dict[str, AnyProvider] = {offer.target.provider: offer.provider for offer in offers}
    if OLLAMA in named and OLLAMA not in providers:
        providers[OLLAMA] = OllamaSettings(base_url=OLLAMA_URL)
    simulated = tuple(name for name in SIMULATED_NAMES if name in named)
    return Routing(providers=providers, routes=routes, simulated=simulated)


def _default_routing(offers: tuple[Offer, ...], deadlines: Deadlines) -> Routing:
    wants_probe = all(offer.target.provider != OLLAMA for offer in offers)
    if not offers:
        route = simulated_route(deadlines)
        return Routing(
            providers={}, routes={route.name: route}, simulated=SIMULATED_NAMES, wants_ollama_probe=wants_probe
        )
    route = Route(name=DEFAULT_ROUTE, targets=tuple(offer.target for offer in offers), deadlines=deadlines)
    providers = {offer.target.provider: offer.provider for offer in offers}
    return Routing(providers=providers, routes={route.name: route}, wants_ollama_probe=wants_probe)
