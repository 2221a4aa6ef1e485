"""The checks behind `/health`: each dependency says how it is, within a time limit, and how long it took to say so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sentinel.clock import Clock
from sentinel.errors import SentinelError


class Health(StrEnum):
    """How the whole, or one dependency, is; `off` for one that is not used here."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one dependency says."""

    status: Health
    detail: str | None = None
    latency_ms: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {"status": self.status.value, "latency_ms": self.latency_ms, "detail": self.detail}


Check = Callable[[], Awaitable[CheckResult]]


@dataclass(frozen=True, kw_only=True)
class HealthService:
    """Runs all checks together. Only an essential one can make the whole unhealthy; others degrade it."""

    checks: Mapping[str, Check]
    essential: frozenset[str]
    clock: Clock
    started_at: float
    is_draining: Callable[[], bool] = lambda: False
    limit_seconds: float = 2.0

    async def report(self) -> dict[str, Any]:
        """Give the report in the shape of `GET /health`."""
        results = await asyncio.gather(*(self._run(check) for check in self.checks.values()))
        by_name = dict(zip(self.checks, results, strict=True))
        return {
            "status": self._overall(by_name).value,
            "uptime_seconds": round(self.clock.monotonic() - self.started_at, 3),
            "checks": {name: result.to_dict() for name, result in by_name.items()},
        }

    async def readiness(self) -> dict[str, Any]:
        """Give the same report, unhealthy also while the process is about to stop: traffic shall go elsewhere."""
        report = await self.report()
        return report | {"status": Health.UNHEALTHY.value} if self.is_draining() else report

    async def _run(self, check: Check) -> CheckResult:
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.limit_seconds):
                result = await check()
        except TimeoutError:
            result = CheckResult(Health.UNHEALTHY, f"no answer within {self.limit_seconds:g} s")
        except SentinelError as error:
            result = CheckResult(Health.UNHEALTHY, error.message)
        took = round((self.clock.monotonic() - began) * 1000, 3)
        return result if result.status is Health.OFF else CheckResult(result.status, result.detail, took)

    def _overall(self, results: Mapping[str, CheckResult]) -> Health:
        bad = {name for name, result in results.items() if result.status is Health.UNHEALTHY}
        if bad & self.essential:
            return Health.UNHEALTHY
        any_worry = bad or any(result.status is Health.DEGRADED for result in results.values())
        return Health.DEGRADED if any_worry else Health.HEALTHY
