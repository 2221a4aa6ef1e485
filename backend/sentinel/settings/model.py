"""The settings as the composition root reads them: checked, complete, frozen, without a secret in their repr."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, SecretStr

from sentinel.domain.routes import Route, Target
from sentinel.settings.environment import is_loopback
from sentinel.settings.fields import Model
from sentinel.settings.operation_sections import (
    AlertSettings,
    DatabaseSettings,
    QueueSettings,
    RetentionSettings,
    RunSettings,
    SharingSettings,
    ShieldSettings,
)
from sentinel.settings.provider_sections import LangChainSettings, ModelSettings, OllamaSettings, OpenAISettings
from sentinel.settings.resilience_sections import BreakerSettings, BulkheadSettings, HealthSettings, RetrySettings
from sentinel.settings.tool_sections import (
    BudgetSettings,
    CapabilitySettings,
    McpServerSettings,
    ToolDefaults,
    ToolOverride,
)

DEFAULT_ROUTE = "default"


class Limits(Model):
    """How much a caller may send, and how long an `Idempotency-Key` counts on `/v1`."""

    max_input_chars: int
    max_body_bytes: int
    idempotency_window_seconds: float


class Settings(Model):
    """Everything that can be configured.

    `providers` lacks the simulated pair until `with_simulated` has been called; `wants_ollama_probe` asks for
    `with_default_ollama` before that. `simulated_providers` are those of the pair that this process starts for itself;
    `simulated` and `is_simulated` also count those that the file marks.
    `checkpoint_path` is only used where checkpoints do not live in PostgreSQL.
    `allowed_hosts` are names that the server goes by besides its own, `*` is any.
    `idle_offers` are variables that offer a provider which the file's routes do not use, each with the target that it
    would have given; `unknown_variables` are those that look like ours, each with a hint or an empty text.
    `unused_sections` names the keys and variables that were given but have no effect in this version.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    environment: Literal["development", "staging", "production"]
    host: str
    port: int
    allowed_hosts: frozenset[str]
    worker_port: int
    log_level: str
    data_dir: Path
    database_url: SecretStr
    checkpoint_path: Path
    redis_url: SecretStr | None
    auth: Literal["auto", "keys", "off"]
    chaos_enabled: bool
    limits: Limits
    config_file: Path | None

    providers: dict[str, OpenAISettings | OllamaSettings | LangChainSettings]
    routes: dict[str, Route]
    models: dict[Target, ModelSettings]
    simulated_providers: tuple[str, ...]
    simulated_words_per_second: float
    wants_ollama_probe: bool
    ollama_model: str

    breaker: BreakerSettings
    retry: RetrySettings
    bulkhead: BulkheadSettings
    health: HealthSettings
    mcp_servers: dict[str, McpServerSettings]
    tool_defaults: ToolDefaults
    tool_overrides: dict[str, ToolOverride]
    capabilities: dict[str, CapabilitySettings]
    tool_budget: BudgetSettings
    shield: ShieldSettings
    alerts: AlertSettings
    database: DatabaseSettings
    retention: RetentionSettings
    sharing: SharingSettings
    queue: QueueSettings
    runs: RunSettings
    unused_sections: tuple[str, ...]
    idle_offers: dict[str, Target] = Field(default_factory=dict)
    unknown_variables: dict[str, str] = Field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Tell whether other machines reach the address."""
        return not is_loopback(self.host)

    @property
    def simulated(self) -> bool:
        """Tell whether a route leads to a simulated provider."""
        return any(self.is_simulated(target.provider) for route in self.routes.values() for target in route.targets)

    def is_simulated(self, provider: str) -> bool:
        """Tell whether the answers of a provider come from a script: our own pair, or one that the file marks."""
        declared = self.providers.get(provider)
        return provider in self.simulated_providers or (declared is not None and declared.simulated)
