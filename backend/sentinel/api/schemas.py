"""The JSON of the API. Requests refuse fields they do not know; views are built from the domain's values."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from sentinel.domain.messages import Role
from sentinel.domain.runs import Priority, RunMode, RunOptions, RunStatus


class RequestModel(BaseModel):
    """A request body: unknown fields are errors, so that a misspelt option is not silently ignored."""

    model_config = ConfigDict(extra="forbid")


class View(BaseModel):
    """A response body."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def _no_flag(value: Any) -> Any:
    """Refuse what pydantic would take for the numbers 0 and 1."""
    if isinstance(value, bool):
        message = "must be a number"
        raise ValueError(message)  # noqa: TRY004 - pydantic makes only this one an error of the field
    return value


Temperature = Annotated[float, Field(ge=0, le=2), BeforeValidator(_no_flag)]
TokenLimit = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_no_flag)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class UsageView(View):
    """Tokens spent; `estimated` if the provider did not count them."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    estimated: bool


class AttemptView(View):
    """One line of the receipt: a target that was called, or passed over (`skipped`)."""

    attempt: int
    provider: str
    model: str
    outcome: Literal["success", "failure", "neutral", "throttle", "latch", "quality"] = Field(alias="class")
    cause: str | None
    detail: str | None
    skipped: bool
    status_code: int | None
    started_at: datetime
    ended_at: datetime
    ttft_ms: float | None
    duration_ms: float
    usage: UsageView | None
    cost_usd: float | None
    skipped_frames: int
    breaker_state: Literal["closed", "open", "half_open"] | None
    splice_offset: int | None
    final: bool
    hedge: bool = Field(description="Sent while the attempt before it was under way and silent.")


class ToolAttemptView(View):
    """One try of one tool for a call."""

    server: str
    tool: str
    cause: str | None
    executed: Literal["yes", "no", "unknown"]
    duration_ms: float


class ToolCallView(View):
    """One call to one tool."""

    tool_call_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    result: str | None
    is_error: bool
    cause: str | None
    duration_ms: float | None
    capability: str | None
    """The name under which it was called, if that was none of a single tool."""
    effect: Literal["read_only", "idempotent", "mutating"] | None
    executed: Literal["yes", "no", "unknown"] | None
    """Whether the tool acted."""
    attempts: list[ToolAttemptView]
    started_at: datetime
    ended_at: datetime | None


class ProblemView(View):
    """An error (RFC 9457); `code` is documented in `docs/errors.md`."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str


class RunRequest(RequestModel):
    """A question. Without `thread_id` it opens a new thread."""

    input: str = Field(json_schema_extra={"pattern": r"\S"})  # what breaks it is told as `empty_input`
    thread_id: str | None = None
    route: str = "default"
    mode: RunMode = RunMode.AUTO
    temperature: Temperature | None = None
    max_tokens: TokenLimit | None = None
    parent_message_id: str | None = None
    priority: Priority = Priority.INTERACTIVE

    def options(self) -> RunOptions:
        """Give what the caller chose."""
        return RunOptions(
            route=self.route,
            mode=self.mode,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            priority=self.priority,
        )


class ChatMessage(RequestModel):
    """One turn of a conversation that the caller keeps."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatRequest(RequestModel):
    """A conversation that ends with the user's question."""

    messages: list[ChatMessage] = Field(min_length=1)
    route: str = "default"
    temperature: Temperature | None = None
    max_tokens: TokenLimit | None = None

    def options(self) -> RunOptions:
        """Give what the caller chose."""
        return RunOptions(route=self.route, temperature=self.temperature, max_tokens=self.max_tokens)


QUESTION, CONVERSATION = "a question", "a conversation"
"""The kinds of a body that may be either. Pydantic puts them into the place of a fault, where no caller knows them."""


def _kind(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    return QUESTION if "input" in body else CONVERSATION if "messages" in body else None


QuestionOrConversation = Annotated[
    Annotated[RunRequest, Tag(QUESTION)] | Annotated[ChatRequest, Tag(CONVERSATION)],
    Discriminator(
        _kind,
        custom_error_type="neither",
        custom_error_message="must be a JSON object with 'input' (a question) or 'messages' (a conversation)",
    ),
]
"""Decided by the fields that it has, so that its faults are told of the one that was meant, not of both."""


class RunAccepted(View):
    """The run is stored and will be worked on; follow it at `events_url`."""

    run_id: str
    thread_id: str
    status: RunStatus
    events_url: str
    message_id: str
    input_message_id: str


class RunView(View):
    """A run and its receipt."""

    run_id: str
    thread_id: str
    status: RunStatus
    route: str
    mode: RunMode
    provider: str | None
    model: str | None
    finish_reason: str | None
    usage: UsageView | None
    cost_usd: float | None
    ttft_ms: float | None
    latency_ms: float | None
    failover_occurred: bool
    failover_chain: list[str]
    attempts: list[AttemptView]
    tool_calls: list[ToolCallView]
    error: ProblemView | None
    input_message_id: str
    message_id: str
    recovered: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    events_url: str


class RunPage(View):
    """Runs, newest first."""

    items: list[RunView]
    next_cursor: str | None


class ChatAnswer(View):
    """A finished run in one response."""

    trace_id: str
    run_id: str
    thread_id: str
    provider_used: str | None
    model: str | None
    response_text: str
    latency_ms: float | None
    status: RunStatus
    failover_occurred: bool
    failover_chain: list[str]
    tokens_used: int


class ThreadRequest(RequestModel):
    """A new thread."""

    title: Title = "New conversation"


class ThreadChange(RequestModel):
    """What shall change; fields left out stay."""

    title: Title | None = None
    archived: bool | None = None


class ThreadView(View):
    """A conversation."""

    thread_id: str
    title: str
    archived: bool
    created_at: datetime
    updated_at: datetime
    active_run_id: str | None


class ThreadPage(View):
    """Threads, last used first."""

    items: list[ThreadView]
    next_cursor: str | None


class MessageView(View):
    """One message; the messages of a thread are a tree by `parent_message_id`. Answers carry their run."""

    message_id: str
    thread_id: str
    parent_message_id: str | None
    role: Role
    text: str
    run_id: str | None
    created_at: datetime
    run: RunView | None


class MessageList(View):
    """All messages of a thread, in the order of creation."""

    items: list[MessageView]
