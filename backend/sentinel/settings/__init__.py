"""The only reader of the environment: variables, `.env` and `sentinel.yaml` become one frozen `Settings`.

Imported by the composition root alone; everything else gets plain values as arguments.
"""

from sentinel.settings.defaults import with_default_ollama, with_simulated
from sentinel.settings.load import load_settings
from sentinel.settings.model import Limits, Settings
from sentinel.settings.provider_sections import (
    OLLAMA_URL,
    LangChainSettings,
    ModelSettings,
    OllamaSettings,
    OpenAISettings,
)
from sentinel.settings.resilience_sections import BreakerSettings, RetrySettings
from sentinel.settings.secrets import configured_secrets
from sentinel.settings.tool_sections import CapabilitySettings, McpServerSettings, ToolDefaults, ToolOverride

__all__ = [
    "OLLAMA_URL",
    "BreakerSettings",
    "CapabilitySettings",
    "LangChainSettings",
    "Limits",
    "McpServerSettings",
    "ModelSettings",
    "OllamaSettings",
    "OpenAISettings",
    "RetrySettings",
    "Settings",
    "ToolDefaults",
    "ToolOverride",
    "configured_secrets",
    "load_settings",
    "with_default_ollama",
    "with_simulated",
]
