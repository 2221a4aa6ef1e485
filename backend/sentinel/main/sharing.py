"""What this process shares with others: nothing without `REDIS_URL`, else what goes through Redis; and how that is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from sentinel.chaos.controls import OperatorControls
from sentinel.clock import Clock
from sentinel.coordination.acts import SWITCH, SharedActs
from sentinel.coordination.circuits import SharedCircuits
from sentinel.coordination.facts import FactTable
from sentinel.coordination.fan_out import MemoryFanOut
from sentinel.coordination.probe_tickets import MemoryTickets, TicketedProbes
from sentinel.coordination.shared import LinkStatus, Shared
from sentinel.coordination.shared_attempts import SharedAttempts
from sentinel.coordination.shared_holds import SharedHolds
from sentinel.coordination.switch_watch import SwitchWatch
from sentinel.health.checks import CheckResult, Health
from sentinel.ids import IdSource
from sentinel.main.providers import configured_targets
from sentinel.main.resilience import Resilience
from sentinel.persistence.database_url import is_sqlite, normalise
from sentinel.settings import Settings
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.series import Reading, Sample, single

logger = get_logger(__name__)


async def open_sharing(settings: Settings, clock: Clock, *, ids: IdSource, stack: AsyncExitStack) -> Shared:
    """Begin to share, until `stack` ends. A Redis that does not answer keeps nobody from starting."""
    author = ids.new()
    facts = FactTable(author, clock=clock)
    if settings.redis_url is None:
        return Shared(fan_out=MemoryFanOut(), facts=facts, tickets=MemoryTickets(author, clock=clock))
    # The client library takes a third of a second to import: only who has a Redis pays for it.
    from sentinel.coordination.over_redis import open_redis  # noqa: PLC0415

    return await open_redis(
        settings.redis_url.get_secret_value(),
        namespace=settings.sharing.namespace,
        facts=facts,
        clock=clock,
        on_state=_log_state,
        stack=stack,
    )


class Common:
    """What processes have in common, so that one can say something of it to the others.

    That is what the configuration names, but for tool servers and simulated providers that each process starts for
    itself. What callers name is not told of: they may think of any number of models.
    """

    def __init__(self, settings: Settings) -> None:
        """Read it from the configuration."""
        simulated = settings.simulated_providers
        targets = [target for target in configured_targets(settings) if target.provider not in simulated]
        self._circuits = frozenset(key for target in targets for key in target.breaker_keys)
        self._held = frozenset(name for target in targets for name in (target.provider, str(target)))
        self._servers = frozenset(name for name, server in settings.mcp_servers.items() if server.url is not None)

    def circuit(self, key: str) -> bool:
        """Tell whether a circuit is one of something that they have in common."""
        kind, _, name = key.partition(":")
        return key in self._circuits or (kind == "tool" and name.partition("/")[0] in self._servers)

    def hold(self, key: str) -> bool:
        """Tell whether a provider or target is."""
        return key in self._held


@dataclass(frozen=True, kw_only=True)
class Joined:
    """What others take part in: controls that tell them, attempts that they hear of, circuits that they vote on."""

    controls: OperatorControls
    attempts: SharedAttempts
    circuits: SharedCircuits


@asynccontextmanager
async def joined(
    settings: Settings, parts: Resilience, shared: Shared, *, controls: OperatorControls
) -> AsyncIterator[Joined]:
    """Join circuits, holds, kill switches and figures with those of other processes.

    On PostgreSQL other processes may throw a kill switch: the database is looked into, at once when they tell of it.
    """
    common, clock = Common(settings), parts.clock
    circuits = SharedCircuits(
        parts.board, shared.facts, clock=clock, share=settings.sharing.quorum, is_shared=common.circuit
    )
    holds = SharedHolds(parts.protection.cooldowns, shared.facts, clock=clock, is_shared=common.hold)
    probes = TicketedProbes(shared.tickets, parts.board, clock=clock, is_shared=common.circuit)
    acts = SharedActs(parts.board, parts.protection.cooldowns, circuits, facts=shared.facts, clock=clock)
    parts.board.probe_only_if(probes.may_probe)
    parts.transitions.add(circuits.transition, probes.transition)
    parts.holds.add(holds.change)
    attempts = SharedAttempts(shared.facts, clock=clock, providers=settings.providers)
    watch = SwitchWatch(controls.switches.refresh, clock=clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(attempts)
        stack.push_async_callback(probes.aclose)
        if not is_sqlite(normalise(settings.database_url.get_secret_value())):
            shared.facts.listen(SWITCH, lambda _: watch.wake())
            await stack.enter_async_context(watch)
        yield Joined(controls=replace(controls, tell=acts.tell), attempts=attempts, circuits=circuits)


def _log_state(state: LinkStatus) -> None:
    if state.is_up:
        logger.info("redis_back", detail="events, circuits, holds and kill switches are shared again")
    else:
        detail = "this process relies on what it knows itself; retrying"
        logger.error("redis_away", reason=state.reason, detail=detail)


def redis_check(shared: Shared) -> CheckResult:
    """Say how Redis is, for `/health`: nothing fails without it, so it can only degrade the whole."""
    status = shared.status()
    if status is None:
        return CheckResult(Health.OFF, "REDIS_URL is not set")
    if status.is_up:
        return CheckResult(Health.HEALTHY)
    return CheckResult(Health.DEGRADED, f"{status.reason}; this process relies on what it knows itself")


def sharing_readings(shared: Shared) -> Iterator[Reading]:
    """Give the figures of what is shared."""

    def is_up() -> list[Sample]:
        status = shared.status()
        return [] if status is None else [((), float(status.is_up))]

    def dropped() -> int:
        status = shared.status()
        return status.dropped if status else 0

    yield Reading(
        name="sentinel_processes",
        help="Processes that share state with this one, including itself.",
        labels=[],
        read=single(lambda: shared.facts.processes),
    )
    yield Reading(name="sentinel_redis_up", help="1 while Redis answers, else 0.", labels=[], read=is_up)
    yield Reading(
        name="sentinel_event_messages_dropped_total",
        help="Messages about events that were not sent to other processes; readers there find them in the log.",
        read=single(dropped),
    )
