"""What this process shares with others: nothing without `REDIS_URL`, else what goes through Redis; and how that is."""

from collections.abc import Iterator
from contextlib import AsyncExitStack

from sentinel.clock import Clock
from sentinel.coordination.fan_out import MemoryFanOut
from sentinel.coordination.shared import LinkStatus, Shared
from sentinel.health.checks import CheckResult, Health
from sentinel.ids import IdSource
from sentinel.settings import Settings
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.series import Reading, Sample, single

logger = get_logger(__name__)


async def open_sharing(settings: Settings, clock: Clock, *, ids: IdSource, stack: AsyncExitStack) -> Shared:
    """Begin to share, until `stack` ends. A Redis that does not answer keeps nobody from starting."""
    if settings.redis_url is None:
        return Shared(fan_out=MemoryFanOut())
    # The client library takes a third of a second to import: only who has a Redis pays for it.
    from sentinel.coordination.over_redis import open_redis  # noqa: PLC0415

    return await open_redis(
        settings.redis_url.get_secret_value(),
        namespace=settings.sharing.namespace,
        author=ids.new(),
        clock=clock,
        on_state=_log_state,
        stack=stack,
    )


def _log_state(state: LinkStatus) -> None:
    if state.is_up:
        logger.info("redis_back", detail="events, circuits, holds and kill switches are shared")
    else:
        detail = "this process goes by what it knows itself; Redis is tried again"
        logger.error("redis_away", reason=state.reason, detail=detail)


def redis_check(shared: Shared) -> CheckResult:
    """Say how Redis is, for `/health`: nothing fails without it, so it can only degrade the whole."""
    status = shared.status()
    if status is None:
        return CheckResult(Health.OFF, "REDIS_URL is not set")
    if status.is_up:
        return CheckResult(Health.HEALTHY)
    return CheckResult(Health.DEGRADED, f"{status.reason}; this process goes by what it knows itself")


def sharing_readings(shared: Shared) -> Iterator[Reading]:
    """Give the figures of what is shared."""

    def is_up() -> list[Sample]:
        status = shared.status()
        return [] if status is None else [((), float(status.is_up))]

    def dropped() -> int:
        status = shared.status()
        return status.dropped if status else 0

    yield Reading(name="sentinel_redis_up", help="1 while Redis answers, else 0.", labels=[], read=is_up)
    yield Reading(
        name="sentinel_event_messages_dropped_total",
        help="Messages about events that other processes were not sent; their readers look into the log.",
        read=single(dropped),
    )
