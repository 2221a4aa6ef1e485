"""Which route a request takes: the header's, the one that the model's name means, or the default, said honestly."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import UnknownRouteError
from sentinel.gateway.requests import CallerOptions

DEFAULT_ROUTE = "default"
_SHOWN = 100  # characters of what a caller made up


@dataclass(frozen=True, slots=True)
class Router:
    """Resolves model names. `providers` are those that can be named as `provider/model`."""

    routes: Mapping[str, Route]
    providers: frozenset[str]

    def resolve(self, model: str, options: CallerOptions) -> Route:
        """Give the route for a request, with what the caller chose applied.

        Raises:
            UnknownRouteError: the header names a route that does not exist.
        """
        route = self._route(model, options)
        if options.midstream is not None:
            route = replace(route, midstream=options.midstream)
        if options.timeout_seconds is not None:
            route = replace(route, deadlines=_shortened(route.deadlines, options.timeout_seconds))
        return route

    def _route(self, model: str, options: CallerOptions) -> Route:
        if options.route is not None:
            if options.route not in self.routes:
                known = ", ".join(sorted(self.routes))
                message = f"no route is called {options.route[:_SHOWN]!r}; known routes: {known}"
                raise UnknownRouteError(message, param="X-Sentinel-Route")
            return self.routes[options.route]
        return self.routes.get(model) or self._single(model) or self.routes[DEFAULT_ROUTE]

    def _single(self, model: str) -> Route | None:
        provider, slash, name = model.partition("/")
        if not (slash and name and provider in self.providers):
            return None
        return replace(self.routes[DEFAULT_ROUTE], name=model, targets=(Target(provider, name),))


def _shortened(deadlines: Deadlines, seconds: float) -> Deadlines:
    return replace(
        deadlines,
        total_seconds=min(deadlines.total_seconds, seconds),
        first_token_seconds=min(deadlines.first_token_seconds, seconds),
        stall_seconds=min(deadlines.stall_seconds, seconds),
    )
