"""Everything that can go wrong, as one tree. Layer 0: imports nothing of ours.

SentinelError
├── ConfigurationError             while the process is being put together
├── ResilienceError                CircuitOpen, CoolingDown, Latched, BulkheadFull, DeadlineExceeded, LoopLag, HedgeLost
├── ProviderError                  Unavailable, Timeout, Pool, Protocol, RateLimited, Auth, Model, Rejected, Empty, ...
├── ToolError                      Unavailable
├── RequestError                   what the caller asked for cannot be done: EmptyInput, UnknownRoute, ThreadBusy, ...
├── RunError                       AllProvidersFailed, RequestRejected, StreamBroken, RunInterrupted, ...
└── StoreError                     Unavailable
Each class says its outcome class, so breaker, planner, metrics and console cannot disagree.
`docs/errors.md` has a row for every code.
"""

from enum import StrEnum
from typing import Any, ClassVar


class Outcome(StrEnum):
    """The one class that every finished attempt has; see `docs/errors.md` for what each one moves."""

    SUCCESS = "success"
    FAILURE = "failure"
    """Counts against the target's circuit."""
    NEUTRAL = "neutral"
    """Says nothing about the target: releases the permit, counts nothing."""
    THROTTLE = "throttle"
    """The target asks for a pause: a cool-down, not a circuit failure."""
    LATCH = "latch"
    """A credential or a model is unusable until somebody mends it."""
    QUALITY = "quality"
    """The transport worked, the answer did not."""


class SentinelError(Exception):
    """Base of every error that Sentinel raises on purpose.

    `code` is stable and documented; `message` is for people and holds no secret; `extra` goes into the problem body.
    """

    code: ClassVar[str] = "internal_error"
    outcome: ClassVar[Outcome] = Outcome.NEUTRAL

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra


class ConfigurationError(SentinelError):
    """The configuration cannot work; raised only while the process is being put together."""

    code = "configuration_error"


class ResilienceError(SentinelError):
    """A call was refused or ended by our own protection, not by the target."""


class NotNowError(ResilienceError):
    """The call may be made later: `key` names what refuses it, `retry_after` is in seconds."""

    words: ClassVar[str] = "{key!r} does not admit the call"

    def __init__(self, key: str, retry_after: float) -> None:
        super().__init__(f"{self.words.format(key=key)}; it may be tried again in {retry_after:.1f} s")
        self.key = key
        self.retry_after = retry_after


class CircuitOpenError(NotNowError):
    """A circuit does not admit the call now."""

    code = "circuit_open"
    words = "circuit {key!r} is open"


class CoolingDownError(NotNowError):
    """The target has asked for a pause, which is not over."""

    code = "cooldown"
    words = "{key!r} has asked for a pause"


class LatchedError(NotNowError):
    """The target's credential or model is disabled until somebody mends it."""

    code = "latched"
    words = "{key!r} is disabled"


class BulkheadFullError(ResilienceError):
    """The target has as many calls in flight as it may have."""

    code = "bulkhead_full"


class DeadlineExceededError(ResilienceError):
    """The caller's deadline passed before an answer was complete."""

    code = "deadline_exceeded"


class LoopLagError(ResilienceError):
    """Our own process stood still while a limit passed, so the limit says nothing about the target."""

    code = "loop_lag"


class HedgeLostError(ResilienceError):
    """Another target, asked for the same answer at the same time, was taken; this one was let go."""

    code = "hedge_lost"


class ProviderError(SentinelError):
    """An attempt on a model provider failed.

    `cause` is the stable snake_case word for what happened; `retry_after` is in seconds when the provider named one;
    `may_repeat` is false when it said that asking it again is of no use.
    """

    code = "provider_error"
    outcome = Outcome.FAILURE
    allow_failover: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        cause: str,
        status_code: int | None = None,
        retry_after: float | None = None,
        may_repeat: bool = True,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.status_code = status_code
        self.retry_after = retry_after
        self.may_repeat = may_repeat


class ProviderUnavailableError(ProviderError):
    """No connection, or a 5xx."""

    code = "provider_unavailable"


class ProviderTimeoutError(ProviderError):
    """Connect, first token or content stalled past its limit."""

    code = "provider_timeout"


class ProviderPoolError(ProviderError):
    """Our own connections to the provider are all in use or outdated, which says nothing about it."""

    code = "provider_pool"
    outcome = Outcome.NEUTRAL


class ProviderProtocolError(ProviderError):
    """The answer was cut, garbled, or not of the wire format."""

    code = "provider_protocol"


class ProviderEmptyError(ProviderError):
    """A complete answer with nothing in it."""

    code = "provider_empty"
    outcome = Outcome.QUALITY


class SeamDivergedError(ProviderError):
    """Asked to go on with a broken answer, the target said something else; nothing of it was used."""

    code = "seam_diverged"
    outcome = Outcome.QUALITY

    def __init__(self) -> None:
        super().__init__("the new text does not go on where the broken answer ended", cause="seam_diverged")


class ProviderRateLimitedError(ProviderError):
    """The provider asks for a pause."""

    code = "provider_rate_limited"
    outcome = Outcome.THROTTLE


class ProviderAuthError(ProviderError):
    """The credential is refused, out of quota or unpaid."""

    code = "provider_auth"
    outcome = Outcome.LATCH


class ProviderModelError(ProviderError):
    """The provider does not know the model."""

    code = "provider_unknown_model"
    outcome = Outcome.LATCH


class ProviderRejectedError(ProviderError):
    """The provider refused this request for what it contains; another target would be asked the same thing."""

    code = "provider_rejected"
    outcome = Outcome.NEUTRAL
    allow_failover = False


class ProviderUnsupportedError(ProviderError):
    """This target cannot be asked for this, whatever its state; another one may be."""

    code = "provider_unsupported"
    outcome = Outcome.NEUTRAL


class ToolError(SentinelError):
    """A tool call did not give a result."""

    code = "tool_error"
    outcome = Outcome.FAILURE


class ToolUnavailableError(ToolError):
    """The tool's server is not there."""

    code = "tool_unavailable"


# Requests and runs --------------------------------------------------------------------------------------------------


class RequestError(SentinelError):
    """The caller asked for something that cannot be done."""

    code = "invalid_request"


class EmptyInputError(RequestError):
    """The input has no text."""

    code = "empty_input"


class InputTooLongError(RequestError):
    """The input is longer than the configured limit."""

    code = "input_too_long"


class UnknownRouteError(RequestError):
    """No route has that name."""

    code = "unknown_route"


class UnknownTargetError(RequestError):
    """A kill switch names something that does not exist."""

    code = "unknown_target"


class UnknownBreakerError(RequestError):
    """No circuit has that key."""

    code = "unknown_breaker"


class UnknownToolError(RequestError):
    """No tool, or no tool server, has that name."""

    code = "unknown_tool"


class ToolChangedError(RequestError):
    """The tool is not what the operator looked at; `extra["digest"]` is what it is now."""

    code = "tool_changed"


class ChaosDisabledError(RequestError):
    """Chaos controls are switched off in this environment."""

    code = "chaos_disabled"


class OriginForbiddenError(RequestError):
    """A page of another origin tried to change state."""

    code = "origin_forbidden"


class HostForbiddenError(RequestError):
    """The Host header names a host that this server does not answer for."""

    code = "host_forbidden"


class BodyTooLargeError(RequestError):
    """The request body is over the limit."""

    code = "body_too_large"


class ThreadNotFoundError(RequestError):
    """No such thread."""

    code = "thread_not_found"


class MessageNotFoundError(RequestError):
    """No such message in that thread."""

    code = "message_not_found"


class RunNotFoundError(RequestError):
    """No such run."""

    code = "run_not_found"


class RequestNotFoundError(RequestError):
    """No such request to the gateway is kept."""

    code = "request_not_found"


class ThreadBusyError(RequestError):
    """The thread already has an active run; `extra["active_run_id"]` names it."""

    code = "thread_busy"


class IdempotencyConflictError(RequestError):
    """The idempotency key was used before with another body."""

    code = "idempotency_conflict"


class ShuttingDownError(RequestError):
    """The server is draining and takes no new runs."""

    code = "shutting_down"


class RunError(SentinelError):
    """A run ended without an answer."""


class AllProvidersFailedError(RunError):
    """Every target of the route was tried or refused."""

    code = "all_providers_failed"


class RequestRejectedError(RunError):
    """A provider refused the request for its content, and no other target may be asked."""

    code = "request_rejected"


class StreamBrokenError(RunError):
    """The stream broke after text was sent, and nobody could go on, or the route's policy is not to."""

    code = "stream_broken"


class RunInterruptedError(RunError):
    """The process died too often while it worked on this run."""

    code = "run_interrupted"


class RecursionLimitError(RunError):
    """The model went on calling tools past the limit of steps."""

    code = "recursion_limit"


class FenceLostError(RunError):
    """Another runner owns the run now; this one must stop without writing."""

    code = "fence_lost"


class StoreError(SentinelError):
    """The database did not do what it was asked."""

    code = "store_error"


class StoreUnavailableError(StoreError):
    """The database cannot be reached or written."""

    code = "store_unavailable"
