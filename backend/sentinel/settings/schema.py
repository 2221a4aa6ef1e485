"""The shape of `sentinel.yaml`, section by section. `docs/configuration.md` has every key; a test compares the two."""

from typing import Annotated, Any, Final, Literal, LiteralString

from pydantic import Field, SecretStr, model_validator
from pydantic import Secret as Hidden

from sentinel.domain.routes import Midstream, RoutePolicy, Seam
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.planner import Panic
from sentinel.settings.fields import (
    Allowed,
    Connections,
    Count,
    CountOrZero,
    Days,
    Delay,
    Model,
    Money,
    Name,
    Ratio,
    Repeats,
    Seconds,
    Secret,
    Share,
    TargetField,
    Text,
    Tries,
    Url,
    misfit,
)

OPENAI_URL: Final = "https://api.openai.com/v1"
OLLAMA_URL: Final = "http://localhost:11434"
PROFILE_DEFAULTS: Final[dict[str, dict[str, int]]] = {"provider": {}, "tool": {"failure_threshold": 3}}

ClassPath = Annotated[
    str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"), Allowed("written package.module:ClassName")
]
ServerName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9](_?[A-Za-z0-9.-])*$", max_length=64),
    Allowed("a name of 1 to 64 letters, digits, '.', '-' or single '_' that begins with a letter or digit"),
]
CapabilityName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9](_?[A-Za-z0-9-])*$", max_length=64),
    Allowed("a name of 1 to 64 letters, digits, '-' or single '_' that begins with a letter or digit"),
]
ToolName = Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$"), Allowed("written server/tool")]


# Providers and routes -------------------------------------------------------------------------------------------------


class OpenAISettings(Model):
    """Any server that speaks the OpenAI chat-completions wire."""

    kind: Literal["openai"] = "openai"
    base_url: Url = Field(default=OPENAI_URL, repr=False)
    api_key: Secret = None


class OllamaSettings(Model):
    """A server that speaks Ollama's own wire."""

    kind: Literal["ollama"] = "ollama"
    base_url: Url = Field(default=OLLAMA_URL, repr=False)


class LangChainSettings(Model):
    """Any LangChain chat model, by the name of its class; for agent runs."""

    kind: Literal["langchain"] = "langchain"
    class_path: ClassPath = Field(alias="class")
    params: Hidden[dict[str, Any]] = Hidden({})


ProviderSettings = Annotated[OpenAISettings | OllamaSettings | LangChainSettings, Field(discriminator="kind")]


class DeadlineSettings(Model):
    """Time limits of one request; what is absent has the default."""

    connect_seconds: Seconds = 5.0
    first_token_seconds: Seconds = 20.0
    stall_seconds: Seconds = 30.0
    total_seconds: Seconds = 120.0


class HedgeSettings(Model):
    """A second request that starts when the first is slow to begin."""

    enabled: bool = False
    min_seconds: Seconds = 1.0
    share: Share = 0.05


class RouteSettings(Model):
    """A named list of targets, in order of preference."""

    targets: list[TargetField]
    policy: Literal["ordered", "fastest"] = RoutePolicy.ORDERED.value
    midstream: Literal["continue", "restart", "error"] = Midstream.CONTINUE.value
    seam: Literal["verified", "any"] = Seam.VERIFIED.value
    hedge: HedgeSettings = HedgeSettings()
    deadlines: DeadlineSettings = DeadlineSettings()


class PriceSettings(Model):
    """US dollars per million tokens."""

    input: Money = 0.0
    output: Money = 0.0


class ModelSettings(Model):
    """What one target can do."""

    prefill: bool = False
    context_tokens: Count | None = None
    larger_context: TargetField | None = None
    max_concurrency: Count | None = None
    price: PriceSettings | None = None


# Resilience -----------------------------------------------------------------------------------------------------------


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


# Tools ----------------------------------------------------------------------------------------------------------------


class McpServerSettings(Model):
    """One MCP server: a command that speaks over stdio, or an address that speaks streamable HTTP."""

    command: Text | None = None
    args: list[str] = Field(default_factory=list, repr=False)
    env: dict[str, SecretStr] = Field(default_factory=dict)
    cwd: Text | None = None
    url: Url | None = Field(default=None, repr=False)
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    trusted: bool = False
    pinned: bool = True

    @model_validator(mode="after")
    def _has_one_transport(self) -> "McpServerSettings":
        problem: LiteralString | None = None
        if (self.command is None) == (self.url is None):
            problem = "must have either 'command' (stdio) or 'url' (HTTP), not both"
        elif self.url is not None and (self.args or self.env or self.cwd):
            problem = "'args', 'env' and 'cwd' belong to 'command', not to 'url'"
        elif self.command is not None and self.headers:
            problem = "'headers' belong to 'url', not to 'command'"
        if problem is not None:
            raise misfit(problem)
        return self


class ToolDefaults(Model):
    """Limits of every tool call."""

    timeout_seconds: Seconds = 30.0
    max_timeout_seconds: Seconds = 300.0
    max_concurrency: Count = 8
    max_result_bytes: Count = 1_000_000
    slow_after_seconds: Seconds | None = None


class ToolOverride(Model):
    """What differs for one tool; absent values are those of `tools.defaults`."""

    effect: Literal["read_only", "idempotent", "mutating"] | None = None
    timeout_seconds: Seconds | None = None
    max_timeout_seconds: Seconds | None = None
    max_concurrency: Count | None = None
    max_result_bytes: Count | None = None
    slow_after_seconds: Seconds | None = None
    canary: dict[str, Any] | None = None
    infrastructure_errors: list[Text] = Field(default_factory=list)
    input_errors: list[Text] = Field(default_factory=list)


class CapabilityMember(Model):
    """One tool that can do the job; `arguments` maps the capability's argument names to the tool's."""

    tool: ToolName
    arguments: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    result: Text | None = None
    error_means_no_effect: bool = False


class CapabilitySettings(Model):
    """Tools that stand in for each other, tried in order."""

    members: list[CapabilityMember]
    description: Text | None = None
    fallback_on_error: bool = False


class BudgetSettings(Model):
    """What the tool calls of one run may cost together."""

    max_calls: Count = 64
    max_seconds: Seconds = 300.0


class ToolSettings(Model):
    """Everything about tools but their servers."""

    defaults: ToolDefaults = ToolDefaults()
    overrides: dict[ToolName, ToolOverride] = Field(default_factory=dict)
    capabilities: dict[CapabilityName, CapabilitySettings] = Field(default_factory=dict)
    budget: BudgetSettings = BudgetSettings()


# What comes later -----------------------------------------------------------------------------------------------------


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


class FileSettings(Model):
    """The whole of `sentinel.yaml`."""

    providers: dict[Name, ProviderSettings] = Field(default_factory=dict)
    routes: dict[Name, RouteSettings] = Field(default_factory=dict)
    models: dict[TargetField, ModelSettings] = Field(default_factory=dict)
    breaker: BreakerSettings = BreakerSettings()
    retry: RetrySettings = RetrySettings()
    bulkhead: BulkheadSettings = BulkheadSettings()
    health: HealthSettings = HealthSettings()
    mcp_servers: dict[ServerName, McpServerSettings] | None = Field(default=None, alias="mcpServers")
    tools: ToolSettings = ToolSettings()
    shield: ShieldSettings = ShieldSettings()
    alerts: AlertSettings = AlertSettings()
    database: DatabaseSettings = DatabaseSettings()
    retention: RetentionSettings = RetentionSettings()
    sharing: SharingSettings = SharingSettings()
    queue: QueueSettings = QueueSettings()
    runs: RunSettings = RunSettings()
