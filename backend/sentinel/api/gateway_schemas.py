"""The gateway's part of the OpenAPI document. It is served by an application of its own, which makes none.

Bodies are OpenAI's: only what the gateway itself reads is described here, everything else is passed on as it is.
"""

from typing import Any, Final, Literal

from fastapi import FastAPI
from pydantic import ConfigDict, Field
from pydantic.json_schema import models_json_schema

from sentinel.api.schemas import View
from sentinel.gateway.parameters import MAX_CHOICES, MAX_NAME_LENGTH
from sentinel.gateway.repeats import MAX_KEY_LENGTH

_REFERENCE: Final = "#/components/schemas/{model}"
_TAG: Final = "gateway"


class OpenAIBody(View):
    """A body of the OpenAI wire; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class CompletionMessage(OpenAIBody):
    """One turn of the conversation."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class CompletionBody(OpenAIBody):
    """A chat completion request."""

    model: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    """A route, `provider/model`, or any other name for the route `default`."""
    messages: list[CompletionMessage] = Field(min_length=1)
    stream: bool | None = None
    n: int | None = Field(default=None, ge=1, le=MAX_CHOICES)
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None
    stream_options: dict[str, Any] | None = None


class EmbeddingsBody(OpenAIBody):
    """An embeddings request."""

    model: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    input: str | list[Any]


class OpenAIErrorDetail(View):
    """What went wrong, in OpenAI's words; `code` is from `docs/errors.md`, or the provider's own."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorBody(View):
    """An error of the gateway."""

    error: OpenAIErrorDetail


class ServedModel(View):
    """A route or a target that can be named as `model`."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ServedModels(View):
    """All names."""

    object: Literal["list"]
    data: list[ServedModel]


_MODELS: Final = (CompletionBody, EmbeddingsBody, OpenAIErrorBody, ServedModel, ServedModels)
_HEADERS: Final = {
    "X-Sentinel-Route": ("The route, whatever `model` says.", {"type": "string"}),
    "X-Sentinel-Midstream": (
        "What happens when a stream breaks.",
        {"type": "string", "enum": ["continue", "restart", "error"]},
    ),
    "Idempotency-Key": (
        "Sent again with the same body, the first answer comes again.",
        {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    ),
    "X-Sentinel-Timeout-Seconds": (
        "How long the whole request may take.",
        {"type": "number", "exclusiveMinimum": 0, "maximum": 86_400},
    ),
}


def add_gateway_schemas(app: FastAPI) -> None:
    """Put the gateway's addresses into the app's OpenAPI document."""
    generate = app.openapi

    def with_gateway() -> dict[str, Any]:
        document = generate()
        document["paths"].update(_paths())
        _, definitions = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
        document["components"]["schemas"].update(definitions["$defs"])
        return document

    app.openapi = with_gateway  # type: ignore[method-assign]  # the way FastAPI documents for extending the schema


def _paths() -> dict[str, Any]:
    named = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    completion = {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {}}
    return {
        "/v1/chat/completions": {
            "post": _asks("Answer a conversation, over as many targets as it takes", CompletionBody, completion)
        },
        "/v1/embeddings": {
            "post": _asks("Embed texts", EmbeddingsBody, {"application/json": {"schema": {"type": "object"}}})
        },
        "/v1/models": {"get": _operation("List routes and models", _json(ServedModels))},
        "/v1/models/{model}": {
            "get": _operation("Show one route or model", _json(ServedModel)) | {"parameters": [named]}
        },
    }


def _asks(summary: str, body: type[View], answer: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "header", "required": False, "description": words, "schema": schema}
        for name, (words, schema) in _HEADERS.items()
    ]
    request = {"required": True, "content": _json(body)}
    return _operation(summary, answer) | {"parameters": parameters, "requestBody": request}


def _operation(summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": [_TAG],
        "summary": summary,
        "responses": {
            "200": {"description": "The serving target's own answer", "content": answer},
            "default": {"description": "An error in OpenAI's shape", "content": _json(OpenAIErrorBody)},
        },
    }


def _json(model: type[View]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}
