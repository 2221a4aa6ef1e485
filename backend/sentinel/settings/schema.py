"""The whole of `sentinel.yaml`. `docs/configuration.md` has every key; a test compares the two."""

from pydantic import Field

from sentinel.settings.fields import Model, Name, TargetField
from sentinel.settings.operation_sections import (
    AlertSettings,
    DatabaseSettings,
    QueueSettings,
    RetentionSettings,
    RunSettings,
    SharingSettings,
    ShieldSettings,
)
from sentinel.settings.provider_sections import ModelSettings, ProviderSettings, RouteSettings
from sentinel.settings.resilience_sections import BreakerSettings, BulkheadSettings, HealthSettings, RetrySettings
from sentinel.settings.tool_sections import McpServerSettings, ServerName, ToolSettings


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
