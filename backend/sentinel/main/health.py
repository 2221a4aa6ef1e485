"""What `/health` looks at: the database, Redis, the queue, providers and tool servers."""

from sentinel.domain.queues import RunQueue
from sentinel.health.checks import CheckResult, Health, HealthService
from sentinel.health.providers import ProviderHealth, ProviderMonitor
from sentinel.main.queueing import queue_check
from sentinel.main.sharing import redis_check
from sentinel.main.storage import Storage
from sentinel.tools.operators.desk import ToolDesk
from sentinel.tools.session.server_status import ServerState

_BAD = (ProviderHealth.DOWN, ProviderHealth.AUTH_ERROR)


def build_health(storage: Storage, *, monitor: ProviderMonitor, tools: ToolDesk, queue: RunQueue) -> HealthService:
    """Make the checks; without the database nothing works, all else may be away."""

    async def database() -> CheckResult:
        await storage.engine.ping()
        if not storage.journal_state.can_write:
            return CheckResult(Health.UNHEALTHY, "the database cannot be written; events wait in memory")
        return CheckResult(Health.HEALTHY)

    async def redis() -> CheckResult:
        return redis_check(storage.shared)

    async def providers() -> CheckResult:
        bad = [name for name in monitor.cards if monitor.health(name) in _BAD]
        if not bad:
            return CheckResult(Health.HEALTHY)
        status = Health.UNHEALTHY if len(bad) == len(monitor.cards) else Health.DEGRADED
        return CheckResult(status, f"not healthy: {', '.join(bad)}")

    async def tool_servers() -> CheckResult:
        down = [server.name for server in tools.registry.status() if server.state is not ServerState.READY]
        return CheckResult(Health.DEGRADED, f"not ready: {', '.join(down)}") if down else CheckResult(Health.HEALTHY)

    return HealthService(
        checks={
            "database": database,
            "redis": redis,
            "queue": queue_check(queue),
            "providers": providers,
            "tools": tool_servers,
        },
        essential=frozenset({"database"}),
        clock=monitor.clock,
        started_at=monitor.clock.monotonic(),
        is_draining=lambda: queue.is_draining,
    )
