"""What the log says at the start: what was configured, what of it deserves a second look, and who answers.

Variables are told by their names, never with their values.
"""

from collections.abc import Iterator

from sentinel.settings import Settings
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)


def announce(settings: Settings) -> None:
    """Log it; the settings are complete."""
    if settings.config_file is not None:
        logger.info("configuration", file=str(settings.config_file))
    if settings.is_open:
        detail = "anyone who reaches this address may do anything; let only a trusted proxy or network reach it"
        logger.warning("open_without_keys", host=settings.host, detail=detail)
    for name, hint in settings.unknown_variables.items():
        logger.warning("unknown_variable", variable=name, detail=f"it has no meaning here and is ignored{hint}")
    for name in settings.unused_sections:
        logger.warning("setting_without_effect", setting=name, detail="accepted, but not used in this version")
    for route in settings.routes.values():
        logger.info("route", route=route.name, targets=", ".join(map(str, route.targets)))
    if simulated := list(dict.fromkeys(_simulated(settings))):
        logger.warning("simulated_providers", providers=simulated, detail=_about_script(settings))


def _simulated(settings: Settings) -> Iterator[str]:
    """Give the simulated providers that a route leads to."""
    named = (target.provider for route in settings.routes.values() for target in route.targets)
    yield from (provider for provider in named if settings.is_simulated(provider))


def _about_script(settings: Settings) -> str:
    """Say why answers come from a script, and what to do for real ones."""
    if settings.config_file is None or not settings.idle_offers:
        return "answers come from a script; set OPENAI_API_KEY, or name real providers in sentinel.yaml"
    variables, targets = ", ".join(settings.idle_offers), " or ".join(map(str, settings.idle_offers.values()))
    return (
        f"answers come from a script: {settings.config_file} takes precedence over {variables} and does not use it; "
        f"add a target such as {targets} to its routes, or remove them"
    )
