"""The JSON of tools: servers, tools, capabilities."""

from datetime import datetime
from typing import Literal

from sentinel.api.operation_schemas import BreakerView
from sentinel.api.schemas import RequestModel, ToolCallView, View

Effect = Literal["read_only", "idempotent", "mutating"]


class ApprovalRequest(RequestModel):
    """Approve a tool; with the `digest` that was looked at, only if the tool is still that."""

    digest: str | None = None


class ToolPinView(View):
    """The definition that is trusted; `digest` is null while none is, `approved_by` for what was trusted at sight."""

    digest: str | None
    first_seen_at: datetime
    changed_at: datetime
    approved_at: datetime | None
    approved_by: str | None


class ToolChangeView(View):
    """One thing that a definition says otherwise than when it was trusted; null where it says nothing.

    Characters that cannot be seen are spelled out.
    """

    what: str
    """The way to it, such as `input_schema/properties/path/type`."""
    before: str | None
    after: str | None


class ToolArgumentView(View):
    """One argument of a tool; `type` is null where its schema names none, or several."""

    name: str
    type: str | None
    is_required: bool


class ToolFailureView(View):
    """The newest call that gave no result."""

    at: datetime
    cause: str
    detail: str | None


class ToolView(View):
    """One tool of a server. Figures are since the start of this process."""

    name: str
    tool: str
    key: str
    description: str
    arguments: list[ToolArgumentView]
    effect: Effect
    effect_source: Literal["override", "annotations", "default"]
    """Who says so: the configuration, the annotations of a trusted server, or nobody."""
    is_quarantined: bool
    is_withheld: bool
    """Models are not told of it, because there are more tools than they take; callers of `/mcp` are."""
    digest: str
    pin: ToolPinView | None
    changes: list[ToolChangeView] | None
    """Of a tool that waits for an approval, what has changed; null while what was trusted is not known."""
    circuit: BreakerView
    kill_switch: bool
    obstacle: str | None
    """What would keep a call from the tool now, one of the causes of tools; null if nothing would."""
    paused_seconds: float
    calls: int
    failures: int
    unsent: int
    """How many of the failures are calls of which nothing was sent to the tool."""
    caller_errors: int
    """How many of them are calls whose arguments were refused."""
    tool_errors: int
    """How many of them the tool itself answered with an error."""
    success_rate_pct: float | None
    """Of the calls that were sent, without those whose arguments were refused, those that gave a result."""
    latency_p50_ms: float | None
    """Of the newest 200 results."""
    latency_p95_ms: float | None
    last_failure: ToolFailureView | None
    capabilities: list[str]


class LeftOutView(View):
    """What a server lists and nobody uses: a whole tool, or only the schema of its results."""

    tool: str
    part: Literal["tool", "output_schema"]
    reason: str


class ToolServerView(View):
    """One tool server; `address` is its program or its URL, without anything secret."""

    name: str
    state: Literal["connecting", "ready", "down"]
    since: datetime
    kind: Literal["stdio", "http"]
    address: str
    pid: int | None
    era: Literal["modern", "legacy"] | None
    protocol_version: str | None
    trusted: bool
    pinned: bool
    is_refused: bool
    sessions: int
    restarts: int
    """How many sessions have followed the first one."""
    last_error: str | None
    last_cause: str | None
    """The same in a word, one of the causes of tools; null also if we ended the session ourselves."""
    last_error_at: datetime | None
    retry_at: datetime | None
    """When it is tried again; null unless it waits for that."""
    tools: list[ToolView]
    left_out: list[LeftOutView]


class CapabilityMemberView(View):
    """One tool of a capability; `problem` says why it cannot stand in, `obstacle` what keeps calls from it now."""

    server: str
    tool: str
    is_usable: bool
    problem: str | None
    obstacle: str | None
    answers: bool
    """A call would go to it first now."""


class CapabilityView(View):
    """A job that equivalent tools can do; `refusal` says why it is not offered at all."""

    name: str
    description: str
    effect: Effect | None
    is_offered: bool
    refusal: str | None
    members: list[CapabilityMemberView]


class ToolsView(View):
    """All tools."""

    process: str | None
    """The process (host:pid) whose sessions and figures these are; null where one process has a database alone."""
    servers: list[ToolServerView]
    capabilities: list[CapabilityView]


class ToolCallRecordView(ToolCallView):
    """One call of a run, or of an agent outside (`caller`, as it names itself)."""

    call_id: str
    run_id: str | None
    thread_id: str | None
    caller: str | None
    result_chars: int | None
    """How long the whole result is, where `result` is only its beginning."""


class ToolCallPage(View):
    """Calls, newest first."""

    items: list[ToolCallRecordView]
    next_cursor: str | None
