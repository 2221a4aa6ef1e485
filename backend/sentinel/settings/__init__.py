"""The only reader of the environment: variables, `.env` and `sentinel.yaml` become one frozen `Settings`.

Imported by the composition root alone; everything else gets plain values as arguments.
"""

from sentinel.settings.defaults import with_default_ollama, with_simulated
from sentinel.settings.load import load_settings
from sentinel.settings.model import Limits, Settings
from sentinel.settings.schema import (
    OLLAMA_URL,
    BreakerSettings,
    CapabilitySettings,
    LangChainSettings,
    McpServerSettings,
    ModelSettings,
    OllamaSettings,
    OpenAISettings,
    RetrySettings,
    ToolDefaults,
    ToolOverride,
)
from sentinel.settings.secrets import configured_secrets

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
