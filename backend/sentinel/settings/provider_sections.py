"""Sections of `sentinel.yaml` on models: providers, routes over them, and what each target can do."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field
from pydantic import Secret as Hidden

from sentinel.domain.routes import Midstream, RoutePolicy, Seam
from sentinel.settings.fields import Allowed, Count, Model, Money, Seconds, Secret, Share, TargetField, Url

OPENAI_URL: Final = "https://api.openai.com/v1"
OLLAMA_URL: Final = "http://localhost:11434"

ClassPath = Annotated[
    str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"), Allowed("written package.module:ClassName")
]
Simulated = bool
"""Whether the answers of a provider come from a script; they are then shown as simulated."""


class OpenAISettings(Model):
    """Any server that speaks the OpenAI chat-completions wire."""

    kind: Literal["openai"] = "openai"
    base_url: Url = Field(default=OPENAI_URL, repr=False)
    api_key: Secret = None
    simulated: Simulated = False


class OllamaSettings(Model):
    """A server that speaks Ollama's own wire."""

    kind: Literal["ollama"] = "ollama"
    base_url: Url = Field(default=OLLAMA_URL, repr=False)
    simulated: Simulated = False


class LangChainSettings(Model):
    """Any LangChain chat model, by the name of its class; for agent runs."""

    kind: Literal["langchain"] = "langchain"
    class_path: ClassPath = Field(alias="class")
    params: Hidden[dict[str, Any]] = Hidden({})
    simulated: Simulated = False


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
