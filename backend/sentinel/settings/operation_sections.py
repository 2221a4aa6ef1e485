"""Sections of `sentinel.yaml` on running Sentinel: callers, alerts, the database, and work shared with others."""

from typing import Literal

from pydantic import Field, model_validator

from sentinel.settings.fields import (
    Connections,
    Count,
    CountOrZero,
    Days,
    Delay,
    Model,
    Name,
    Seconds,
    Share,
    Text,
    Url,
    misfit,
)


class PiiSettings(Model):
    """What happens to personal data before it leaves the machine."""

    action: Literal["redact", "block", "warn", "off"] = "redact"
    include_local: bool = False
    entities: list[Text] | None = None


class RateLimitSettings(Model):
    """How many requests a caller may make per window; 0 is no limit."""

    requests: CountOrZero = 100
    window_seconds: Seconds = 60.0


class CacheSettings(Model):
    """How long an answer may be given again."""

    ttl_seconds: Seconds = 3600.0


class ShieldSettings(Model):
    """What stands between callers and providers."""

    pii: PiiSettings = PiiSettings()
    rate_limit: RateLimitSettings = RateLimitSettings()
    cache: CacheSettings | None = None


class WebhookSettings(Model):
    """One address that incidents are posted to."""

    url: Url = Field(repr=False)
    format: Literal["json", "slack"] = "json"


class CloudWatchSettings(Model):
    """Where metrics are sent in AWS."""

    namespace: Text = "Sentinel"
    region: Text


class AlertSettings(Model):
    """Who is told about incidents."""

    webhooks: list[WebhookSettings] = Field(default_factory=list)
    cloudwatch: CloudWatchSettings | None = None


class DatabaseSettings(Model):
    """How many connections one process opens to PostgreSQL: for everything, and for checkpoints."""

    connections: Connections = 10
    checkpoint_connections: Connections = 4


class RetentionSettings(Model):
    """How many days records are kept, 0 is for ever; when the logs of ended runs are compacted, 0 is never."""

    requests_days: Days = 30
    incidents_days: Days = 90
    tool_calls_days: Days = 30
    events_days: Days = 30
    compact_after_minutes: CountOrZero = 10


class SharingSettings(Model):
    """What processes on one Redis share."""

    namespace: Name = "sentinel"
    quorum: Share = 0.3


class QueueSettings(Model):
    """How this process works on runs. `poll_seconds`: how late a job is found when its notification was lost."""

    embedded_worker: bool = True
    concurrency: Count = 64
    poll_seconds: Seconds = 1.0


class RunSettings(Model):
    """How long a run belongs to a process that shows no sign of life, and what becomes of it then."""

    lease_seconds: Seconds = 6.0
    renew_seconds: Seconds = 2.0
    sweep_seconds: Seconds = 2.0
    max_takeovers: Count = 3
    drain_seconds: Delay = 5.0

    @model_validator(mode="after")
    def _renews_in_time(self) -> "RunSettings":
        if self.renew_seconds * 2 > self.lease_seconds:
            message = "lease_seconds must be at least twice renew_seconds"
            raise misfit(message)
        return self
