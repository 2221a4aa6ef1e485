"""Targets that fail and answer as scripted, and a planner that asks them again."""

import asyncio
from collections.abc import Callable

from sentinel.errors import ProviderUnavailableError
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.clock import settle
from sentinel.testing.providers import Behaviour, ScriptedProvider
from tests.unit.graph.conftest import Emitted, Rig

DOWN = Behaviour(error=ProviderUnavailableError("gone", cause="connection_refused"))
HELLO = Behaviour(words=["Hello"])


def provider(name: str, *script: Behaviour) -> ScriptedProvider:
    return ScriptedProvider(name, list(script))


def retrying(rig: Callable[..., Rig], *, drawn: float = 0.0, **more: object) -> Rig:
    """A rig whose planner asks again; `drawn` is what the jitter draws."""
    return rig(planner=RecoveryPlanner(backoff=Backoff(rng=lambda: drawn)), **more)


async def until_waiting(setup: Rig) -> "asyncio.Task[Emitted]":
    """Start a run, and give it when it waits for the clock."""
    run = asyncio.create_task(setup.run())
    while not setup.clock.sleepers:
        await settle()
    return run
