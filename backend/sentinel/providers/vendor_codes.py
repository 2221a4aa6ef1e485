"""What vendors say when something fails, as data: no other module knows a vendor's word.

Vendors rename these yearly, and proxies move a word from `code` to `type` or nest it deeper; so a row asks for a word
anywhere in the error, and for a phrase of the message only where the vendor has no word for it. Read from the vendors'
documentation and from what their servers were seen to answer; to be read again when the SDKs change (`CHECKED_WITH`).
"""

from collections.abc import Container
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

VERSION: Final = "2026-11"
CHECKED_WITH: Final = MappingProxyType({"openai": "3.52", "ollama": "0.6"})
"""The SDKs that were current when the rows were last compared with the vendors' documentation."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider said of a failure. `status` is None for an error inside a stream that began well.

    `words` are its codes, types and reasons, and `message` its text, all in lower case.
    """

    status: int | None
    words: frozenset[str] = frozenset()
    message: str = ""


@dataclass(frozen=True, slots=True)
class VendorCode:
    """One row: everything that it names must be there, of several words or phrases any one."""

    vendor: str
    cause: str
    words: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    statuses: Container[int | None] | None = None

    def fits(self, report: Report) -> bool:
        """Tell whether the row is about that report."""
        return (
            (self.statuses is None or report.status in self.statuses)
            and (not self.words or not self.words.isdisjoint(report.words))
            and (not self.phrases or any(phrase in report.message for phrase in self.phrases))
        )


def _says(vendor: str, cause: str, *words: str, message: tuple[str, ...] = ()) -> VendorCode:
    return VendorCode(vendor, cause, frozenset(word.lower() for word in words), message)


def _writes(vendor: str, cause: str, *phrases: str, statuses: Container[int | None] | None = None) -> VendorCode:
    return VendorCode(vendor, cause, phrases=tuple(phrase.lower() for phrase in phrases), statuses=statuses)


def _status(cause: str, *statuses: int) -> VendorCode:
    return VendorCode(_ANY, cause, statuses=frozenset(statuses))


_ANY: Final = "any"

# Not even a word can make these mean something else: the request was turned away for its size.
_SIZES: Final = (_status("context_length", 413),)

_WORDS: Final = (
    # Row 9: quota and billing. Anthropic's `linked_organization_…` codes all come with a 402.
    _says(
        "openai",
        "quota",
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    ),
    _says(
        "anthropic",
        "quota",
        "billing_error",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "organization_on_hold",
    ),
    _says("moonshot", "quota", "exceeded_current_quota_error"),
    # Row 10: the credential.
    _says("openai", "auth", "invalid_api_key"),
    _says("gemini", "auth", "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED"),  # the first with a 400
    # Row 12: the model.
    _says("openai", "unknown_model", "model_not_found"),
    _says("azure", "unknown_model", "DeploymentNotFound", "unknown_model"),
    _says("groq", "unknown_model", "model_decommissioned"),
    _says("mistral", "unknown_model", "invalid_model"),
    _says("together", "unknown_model", "model_not_available"),
    # Row 13: too long.
    _says("openai", "context_length", "context_length_exceeded", "string_above_max_length"),
    _says("anthropic", "context_length", "request_too_large"),
    _says("llama.cpp", "context_length", "exceed_context_size_error"),
    # Row 14: filtered.
    _says("openai", "content_filter", "content_filter", "content_policy_violation", "moderation_blocked"),
    _says("openai", "content_filter", "invalid_prompt", message=("flagged", "usage policy")),
    _says("azure", "content_filter", "ResponsibleAIPolicyViolation"),
    # Row 16: the model failed to write what was asked.
    _says("groq", "bad_generation", "tool_use_failed", "json_validate_failed", "output_parse_failed"),
    # Row 5: too much to do.
    _says("openai", "overloaded", "server_is_overloaded"),
    _says("anthropic", "overloaded", "overloaded_error"),
    _says("groq", "overloaded", "capacity_exceeded"),
    _says("openrouter", "overloaded", "provider_overloaded"),
    _says("moonshot", "overloaded", "engine_overloaded_error"),
    # Row 8: a pause. `slow_down` came with a 503 once.
    _says("openai", "rate_limit", "rate_limit_exceeded", "slow_down"),
    _says("openrouter", "rate_limit", "in_flight_budget_exhausted"),  # with a 402
)

_PHRASES: Final = (
    _writes("anthropic", "quota", "credit balance is too low", "you have reached your specified"),
    _writes("gemini", "quota", "prepayment credits are depleted", "enable billing on your project"),
    _writes("deepseek", "quota", "insufficient balance"),
    _writes("ollama", "quota", "reached your usage limit", "hourly usage limit", "weekly usage limit"),
    _writes("xai", "auth", "incorrect api key provided"),  # with a 400
    _writes("gemini", "auth", "api key not valid", "api key expired", "user location is not supported"),
    _writes("deepseek", "unknown_model", "model not exist"),
    _writes("openrouter", "unknown_model", "is not a valid model id"),
    _writes("litellm", "unknown_model", "invalid model name passed in"),
    _writes("vllm", "context_length", "maximum context length", "model's context length is only"),
    _writes("anthropic", "context_length", "prompt is too long", "exceed context limit"),
    _writes("gemini", "context_length", "input token count"),
    _writes("llama.cpp", "context_length", "exceeds the available context size", "tokens exceed n_ctx"),
    _writes("ollama", "context_length", "exceeds the context length"),
    _writes("openai", "context_length", "exceeds the context window", "input tokens exceed the configured limit"),
    _writes("lm studio", "context_length", "with context length of only"),
    _writes("xai", "context_length", "maximum prompt length"),
    _writes("litellm", "context_length", "ContextWindowExceededError"),
    _writes("litellm", "content_filter", "ContentPolicyViolationError"),
    _writes("openai", "content_filter", "content management policy", statuses=frozenset({400, None})),
    _writes("ollama", "content_filter", "rejected by a content filter", statuses=frozenset({400, None})),
    _writes("groq", "bad_generation", "failed_generation"),
    _writes("ollama", "bad_generation", "error parsing tool call"),
    _writes("ollama", "overloaded", "server busy", "maximum pending requests exceeded"),
    _writes("openai", "overloaded", "currently overloaded"),
    _writes("gemini", "overloaded", "model is overloaded"),
)

_STATUSES: Final = (
    _status("auth", 401, 403),
    _status("quota", 402, 412),  # 412: how Fireworks says that an account is suspended
    _status("unknown_model", 404, 410),
    _status("request_timeout", 408),
    _status("conflict", 409),
    _status("rate_limit", 429),
    _status("cancelled", 499),
    _status("overloaded", 498, 529),
    # What we ask is the same for all targets, so these are about an address that is wrong or a server that is not
    # ready, and not about the request.
    _status("server_error", 405, 406, 411, 415, 417, 421, 423, 424, 425, 426),
    VendorCode(_ANY, "bad_request", statuses=range(400, 500)),
    VendorCode(_ANY, "server_error", statuses=range(500, 600)),
    # Not the caller's fault, and no answer either: a redirect, or a success without content.
    VendorCode(_ANY, "unreadable", statuses=range(100, 400)),
)

# Words that say little. They count only where there is no status: in mid-stream.
_GENERIC: Final = (
    _says(_ANY, "auth", "authentication_error", "permission_error", "UNAUTHENTICATED", "PERMISSION_DENIED"),
    _says(_ANY, "rate_limit", "rate_limit_error", "too_many_requests", "RESOURCE_EXHAUSTED"),
    _says(_ANY, "unknown_model", "not_found_error", "NotFoundError", "NOT_FOUND"),
    _says(_ANY, "request_timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    _says(_ANY, "overloaded", "service_unavailable_error", "UNAVAILABLE"),
    _says(_ANY, "conflict", "conflict_error"),
    _says(_ANY, "server_error", "server_error", "api_error", "internal_error", "InternalServerError", "INTERNAL"),
    _says(_ANY, "bad_request", "invalid_request_error", "BadRequestError", "INVALID_ARGUMENT"),
)

VENDOR_CODES: Final = (*_SIZES, *_WORDS, *_PHRASES, *_STATUSES, *_GENERIC)
"""All rows; the first that fits decides."""

_UNKNOWN: Final = "server_error"

FAILED: Final = "error"
"""How OpenRouter ends an answer that the provider behind it could not finish."""
FILTERED: Final = "content_filter"
FILTER_REASONS: Final = frozenset(
    {FILTERED, "content_filtered", "guardrail_intervened", "refusal", "safety", "prohibited_content"}
)
"""How vendors say at the end of an answer that a filter ended it."""


def cause_of(report: Report) -> str:
    """Give the cause of a report; an error that says nothing known is the server's."""
    return next((row.cause for row in VENDOR_CODES if row.fits(report)), _UNKNOWN)


def is_filtered(finish_reason: str) -> bool:
    """Tell whether an answer that ended so was ended by a filter; Gemini adds why: `content_filter: SAFETY`."""
    return finish_reason.partition(":")[0].strip().lower() in FILTER_REASONS
