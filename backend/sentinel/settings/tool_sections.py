"""Sections of `sentinel.yaml` on tools: their servers, limits, overrides, capabilities, the budget of a run."""

from typing import Annotated, Any, Literal, LiteralString

from pydantic import Field, SecretStr, model_validator

from sentinel.settings.fields import Allowed, Count, Model, Seconds, Text, Url, misfit

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
