"""The JSON of tools: servers, tools, capabilities."""

from datetime import datetime
from typing import Literal

from sentinel.api.operation_schemas import BreakerView
from sentinel.api.schemas import RequestModel, View

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
    effect: Effect
    is_quarantined: bool
    digest: str
    pin: ToolPinView | None
    circuit: BreakerView
    paused_seconds: float
    calls: int
    failures: int
    success_rate_pct: float | None
    last_failure: ToolFailureView | None
    capabilities: list[str]


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
    last_error: str | None
    tools: list[ToolView]


class CapabilityMemberView(View):
    """One tool of a capability; `problem` says why it cannot stand in."""

    server: str
    tool: str
    is_usable: bool
    problem: str | None


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

    servers: list[ToolServerView]
    capabilities: list[CapabilityView]
