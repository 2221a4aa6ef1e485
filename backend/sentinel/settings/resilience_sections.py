"""Sections of `sentinel.yaml` on what protects targets: breaker, retries, bulkheads, probes."""

from typing import Final, Literal

from pydantic import Field

from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.planner import Panic
from sentinel.settings.fields import Count, Delay, Model, Ratio, Repeats, Seconds, Share, Tries

PROFILE_DEFAULTS: Final[dict[str, dict[str, int]]] = {"provider": {}, "tool": {"failure_threshold": 3}}


class BreakerProfile(Model):
    """When a circuit opens and for how long, for one kind of target; absent values are those of `breaker`."""

    failure_threshold: Count | None = None
    failure_rate: Share | None = None
    window_seconds: Seconds | None = None
    recovery_seconds: Seconds | None = None


class BreakerSettings(Model):
    """When a circuit opens and for how long, and what happens when all are open."""

    failure_threshold: Count = 5
    failure_rate: Share = 0.5
    window_seconds: Seconds = 60.0
    recovery_seconds: Seconds = 30.0
    slow_first_token_seconds: Seconds = 10.0
    panic: Literal["fail", "probe"] = Panic.FAIL.value
    profiles: dict[Literal["provider", "tool"], BreakerProfile] = Field(default_factory=dict)

    def config(self, profile: Literal["provider", "tool"]) -> BreakerConfig:
        """Give the breaker's numbers for one kind of target; its outer limits grow with what was chosen."""
        chosen = self.profiles.get(profile, BreakerProfile()).model_dump(exclude_none=True)
        outer = BreakerConfig()
        values = (
            self.model_dump(exclude={"slow_first_token_seconds", "panic", "profiles"})
            | PROFILE_DEFAULTS[profile]
            | chosen
        )
        return BreakerConfig(
            **values,
            max_window_seconds=max(outer.max_window_seconds, values["window_seconds"]),
            max_open_seconds=max(outer.max_open_seconds, values["recovery_seconds"]),
        )


class RetrySettings(Model):
    """How often and how fast a request is tried again, over all targets and on the same one."""

    max_attempts: Tries = 3
    same_target: Repeats = 1
    base_delay_seconds: Delay = 0.5
    max_delay_seconds: Delay = 8.0
    budget_ratio: Ratio = 0.1


class BulkheadSettings(Model):
    """How many calls one target may be working on."""

    max_concurrency: Count = 1024


class HealthSettings(Model):
    """How providers are probed when no traffic tells about them."""

    interval_seconds: Seconds = 60.0
    deep_probe: bool = True
    max_tokens: Count = 1
    skip_if_success_within_seconds: Delay = 30.0
