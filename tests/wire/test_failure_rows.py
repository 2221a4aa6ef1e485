"""The failure table over real sockets: every row, by the real SDKs and by the gateway, with its exact cause."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Deadlines
from sentinel.errors import Outcome
from sentinel.resilience.failure_table import FAILURE_TABLE
from simulator.server import Simulator
from tests.support.scripted_server import ScriptedServer, answer, events
from tests.support.wire_paths import (
    ALL_PATHS,
    API_KEY,
    OLLAMA,
    ON_OPENAI_WIRE,
    OPENAI,
    PATIENT,
    PLAIN,
    RELAY,
    STREAMS,
    Asking,
    WirePaths,
    wire_paths,
)

# Long enough to send a request on a busy machine, short enough to wait for it thirty times.
NO_FIRST_TOKEN = Asking(deadlines=replace(PATIENT, first_token_seconds=0.3))
NO_NEXT_TOKEN = Asking(deadlines=replace(PATIENT, stall_seconds=0.1))
IMPATIENT = Asking(deadlines=Deadlines(total_seconds=0.3))
SUM = Asking(text="What is 12*(3+4)?", with_tools=True)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One condition. Either the simulator has the fault `arm`, or a server answers with the bytes `answers`.

    `row` is that of the failure table whose word the cause is; `sent` how many requests the provider sees.
    """

    row: int
    name: str
    cause: str | None
    paths: tuple[str, ...]
    status: int | None = None
    arm: tuple[str, Mapping[str, Any]] = ("", {})
    answers: bytes = b""
    asking: Asking = field(default_factory=Asking)


def fault(
    row: int, cause: str | None, kind: str, *paths: str, status: int | None = None, asking: Asking | None = None,
    **parameters: Any,
) -> Case:  # fmt: skip
    name = "-".join([kind, *map(str, parameters.values())])
    arm = (kind, parameters)
    return Case(
        row=row, name=name, cause=cause, paths=paths, status=status, arm=arm, asking=asking or Asking()
    )  # fmt: skip


def said(
    row: int, cause: str, name: str, status: int, body: object, *paths: str, headers: Mapping[str, str] | None = None
) -> Case:
    response = answer(status, body, headers)
    return Case(row=row, name=name, cause=cause, paths=paths or ALL_PATHS, status=status, answers=response)


def streamed(row: int, cause: str, name: str, *payloads: object) -> Case:
    return Case(row=row, name=name, cause=cause, paths=(OPENAI, RELAY), answers=events(*payloads))


def error(message: str = "No.", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "1", "choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


ROWS = [
    # 3: nothing came, or nothing that counts.
    fault(3, "first_token_timeout", "no_response", *STREAMS, asking=NO_FIRST_TOKEN),
    fault(3, "first_token_timeout", "keepalive_only", *STREAMS, asking=NO_FIRST_TOKEN),
    fault(3, "first_token_timeout", "slow_first_token", *STREAMS, asking=NO_FIRST_TOKEN),
    # 4: the server's fault.
    *(fault(4, "server_error", "status", *ALL_PATHS, status=code, code=code) for code in (500, 502, 504)),
    fault(4, "server_error", "status", *ALL_PATHS, status=503, code=503, variant="empty"),
    fault(4, "server_error", "status", *ALL_PATHS, status=503, code=503, variant="html"),
    said(4, "server_error", "wrong-address", 405, b""),
    said(4, "server_error", "anthropic-cmek", 503, error(type="api_error", code="cmek_context_unavailable")),
    said(4, "server_error", "ollama-memory", 500, {"error": "model requires more system memory (9 GiB)"}, OLLAMA),
    # 5: too much to do.
    fault(5, "overloaded", "status", *ALL_PATHS, status=503, code=503),
    said(5, "overloaded", "anthropic-529", 529, {"type": "error", **error("Overloaded", type="overloaded_error")}),
    said(5, "overloaded", "groq-498", 498, error(code="capacity_exceeded")),
    said(5, "overloaded", "plain-498", 498, b""),
    said(5, "overloaded", "openai-503", 503, error(type="service_unavailable_error", code="server_is_overloaded")),
    said(5, "overloaded", "gemini-503", 503, [error("The model is overloaded.", code=503, status="UNAVAILABLE")]),
    # 6, 7.
    fault(6, "request_timeout", "status", *ALL_PATHS, status=408, code=408),
    fault(7, "conflict", "status", *ALL_PATHS, status=409, code=409),
    # 8: a pause.
    fault(8, "rate_limit", "status", *ALL_PATHS, status=429, code=429),
    said(8, "rate_limit", "slow-down", 429, error(type="requests", code="slow_down")),
    said(8, "rate_limit", "slow-down-503", 503, error(type="server_error", code="slow_down")),
    said(8, "rate_limit", "azure", 429, error("Please retry after 3 seconds.", code="429")),
    said(8, "rate_limit", "gemini", 429, [error("Quota exceeded.", code=429, status="RESOURCE_EXHAUSTED")]),
    said(8, "rate_limit", "ollama-api-error", 429, error("too many requests", type="api_error")),
    # 9: quota and billing, under any status.
    fault(9, "quota", "status", *ALL_PATHS, status=429, variant="insufficient_quota"),
    fault(9, "quota", "status", *ALL_PATHS, status=402, code=402),
    said(9, "quota", "openai-project", 429, error(type="insufficient_quota", code="project_spend_limit_exceeded")),
    said(
        9, "quota", "anthropic-spend", 429,
        error(type="rate_limit_error", details={"error_code": "enforced_spend_limit_reached"}),
    ),
    said(9, "quota", "anthropic-hold", 400, error(type="invalid_request_error", code="organization_on_hold")),
    said(
        9, "quota", "anthropic-credit", 400,
        error("Your credit balance is too low to access the Anthropic API.", type="invalid_request_error"),
    ),
    said(9, "quota", "anthropic-linked", 402, error(type="billing_error", code="linked_organization_unpaid")),
    said(9, "quota", "gemini-prepaid", 402, [error(code=402, status="RESOURCE_EXHAUSTED")]),
    said(9, "quota", "deepseek", 400, error("Insufficient Balance", code="invalid_request_error")),
    # 10: our credential.
    fault(10, "auth", "status", *ALL_PATHS, status=401, code=401),
    fault(10, "auth", "status", *ALL_PATHS, status=403, code=403),
    said(
        10, "auth", "gemini-400", 400,
        [error("API key not valid.", code=400, status="INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}])],
    ),
    said(10, "auth", "xai-400", 400, {"code": "invalid argument", "error": "Incorrect API key provided: x***y"}),
    said(10, "auth", "azure-apim", 401, {"statusCode": 401, "message": "invalid subscription key"}),
    # 12: the model.
    fault(12, "unknown_model", "status", *ALL_PATHS, status=404, code=404),
    said(12, "unknown_model", "no-access", 403, error(type="invalid_request_error", code="model_not_found")),
    said(12, "unknown_model", "azure", 404, error(code="DeploymentNotFound")),
    said(12, "unknown_model", "groq", 400, error(type="invalid_request_error", code="model_decommissioned")),
    said(12, "unknown_model", "mistral", 400, {"object": "error", "message": "?", "type": "invalid_model"}),
    said(12, "unknown_model", "vllm", 404, error("The model `x` does not exist.", type="NotFoundError", code=404)),
    said(12, "unknown_model", "ollama", 404, {"error": "model 'sim-large' not found"}),
    said(12, "unknown_model", "gone", 410, b"Gone"),
    # 13: too long.
    fault(13, "context_length", "status", *ALL_PATHS, status=400, variant="context_length_exceeded"),
    fault(13, "context_length", "status", *ALL_PATHS, status=413, code=413),
    said(13, "context_length", "edge", 413, b"<html>Request Entity Too Large</html>"),
    said(13, "context_length", "groq", 413, error(type="tokens", code="rate_limit_exceeded")),
    said(13, "context_length", "llama.cpp", 400, error(code=400, type="exceed_context_size_error", n_ctx=4096)),
    said(
        13, "context_length", "vllm", 400,
        {"object": "error", "message": "This model's maximum context length is 10 tokens.", "type": "BadRequestError"},
    ),
    said(
        13, "context_length", "anthropic", 400,
        error("prompt is too long: 208310 tokens > 200000 maximum", type="invalid_request_error"),
    ),
    said(13, "context_length", "gemini", 400, [error("The input token count (9) exceeds the maximum", code=400)]),
    # 14: filtered.
    fault(14, "content_filter", "status", *ALL_PATHS, status=400, variant="content_filter"),
    said(
        14, "content_filter", "azure", 400,
        error(code="content_filter", innererror={"code": "ResponsibleAIPolicyViolation"}, status=400),
    ),
    said(14, "content_filter", "openai-policy", 400, error(code="content_policy_violation")),
    streamed(14, "content_filter", "finish", delta(content="no"), delta("content_filter"), "[DONE]"),
    # 15: anything else about the request.
    fault(15, "bad_request", "status", *ALL_PATHS, status=400, code=400),
    fault(15, "bad_request", "status", *ALL_PATHS, status=422, code=422),
    said(15, "bad_request", "header-too-long", 431, b""),
    said(15, "bad_request", "generic-word", 400, error("Invalid value.", type="invalid_request_error")),
    # 16: the model failed to write what was asked.
    said(16, "bad_generation", "tool", 400, error(type="invalid_request_error", code="tool_use_failed")),
    said(16, "bad_generation", "json", 400, error(code="json_validate_failed", failed_generation="{")),
    said(16, "bad_generation", "422", 422, error("Failed. See 'failed_generation'.", type="invalid_request_error")),
    said(16, "bad_generation", "ollama", 500, {"error": "error parsing tool call: raw='{'"}, OLLAMA),
    # 17: silence in mid-answer.
    fault(17, "stall", "stall", *STREAMS, asking=NO_NEXT_TOKEN, after=2),
    fault(17, "stall", "keepalive_only", *STREAMS, asking=NO_NEXT_TOKEN, after=2, interval_seconds=0.02),
    # 18: an error in mid-stream has the row of what it says.
    fault(4, "server_error", "error_event", *ALL_PATHS, after=2),
    fault(5, "overloaded", "error_event", *ON_OPENAI_WIRE, after=2, type="overloaded_error"),
    fault(8, "rate_limit", "error_event", *ON_OPENAI_WIRE, after=2, type="rate_limit_error"),
    fault(9, "quota", "error_event", *ON_OPENAI_WIRE, after=0, type="insufficient_quota"),
    fault(10, "auth", "error_event", *ON_OPENAI_WIRE, after=2, type="authentication_error"),
    fault(15, "bad_request", "error_event", *ON_OPENAI_WIRE, after=2, type="invalid_request_error"),
    fault(13, "context_length", "error_event", *ALL_PATHS, after=0, message="input exceeds the context length"),
    fault(5, "overloaded", "error_event", *ALL_PATHS, after=2, message="server busy, please try again"),
    streamed(8, "rate_limit", "event-with-number", delta(content="a"), error(code=429)),
    streamed(15, "bad_request", "event-of-vllm", delta(content="a"), error(type="BadRequestError", code=400)),
    streamed(4, "server_error", "event-of-text", {"error": "something went wrong"}),
    # 19: cut, truncated, garbled.
    fault(19, "connection_lost", "reset", *ALL_PATHS),
    fault(19, "connection_lost", "cut", *ALL_PATHS, after=3, how="rst"),
    fault(19, "connection_lost", "cut", *ALL_PATHS, after=3, how="fin"),
    fault(19, "truncated", "truncate", *STREAMS, after=3),
    fault(19, "truncated", "truncate", *STREAMS, after=0),
    fault(19, "malformed_frame", "malformed_frame", *STREAMS, after=2),
    Case(
        row=19, name="no-bytes", cause="truncated", paths=STREAMS,
        answers=answer(200, b"", {"content-type": "text/event-stream"}),
    ),
    # 20: no answer at all.
    fault(20, "not_json", "html", *ALL_PATHS),
    fault(20, "not_json", "truncate", PLAIN, after=3),
    fault(20, "not_json", "keepalive_only", PLAIN, seconds=0.05, interval_seconds=0.01),
    said(20, "unreadable", "redirect", 302, b"", headers={"location": "/v1/elsewhere"}),
    said(20, "unreadable", "redirect-with-body", 307, b"", headers={"location": "/v1/elsewhere"}),
    said(20, "unreadable", "no-content", 204, b"", RELAY, PLAIN),
    # 21, 22: complete, and of no use.
    fault(21, "empty_answer", "empty", OPENAI, OLLAMA, PLAIN),
    streamed(21, "empty_answer", "finish-alone", delta(role="assistant"), delta("stop"), "[DONE]"),
    fault(22, "bad_tool_json", "bad_tool_json", *ALL_PATHS, asking=SUM),
    # 23: cut by its own limit, which is a success.
    fault(23, None, "finish_length", *ALL_PATHS, after=5),
    # No row: odd, and an answer all the same.
    fault(0, None, "slice", *ALL_PATHS, size=3),
    fault(0, None, "wrong_content_type", *ALL_PATHS),
    *(fault(0, None, "missing_usage", *ALL_PATHS, mode=mode) for mode in ("absent", "nulled", "negative")),
    # 24: the provider thinks that the caller left.
    said(24, "cancelled", "499", 499, b""),
    # 25: the caller's time was up first.
    fault(25, "deadline_exceeded", "no_response", *ALL_PATHS, asking=IMPATIENT),
    fault(25, "deadline_exceeded", "stall", *ALL_PATHS, asking=IMPATIENT, after=2),
]  # fmt: skip


def cases() -> Iterator[Any]:
    for case in ROWS:
        for path in case.paths:
            yield pytest.param(case, path, id=f"{case.row}-{case.cause}-{case.name}-{path}")


@pytest.fixture(scope="module", autouse=True)
def warmed_up() -> None:
    """Let the SDKs import what they only import with their first request, which takes longer than the limits here."""

    async def ask_once() -> None:
        async with ScriptedServer(answer(500)).running() as server, wire_paths() as opened:
            for path in ALL_PATHS:
                await opened.attempt(path, f"http://127.0.0.1:{server.port}")

    asyncio.run(ask_once())


@pytest.fixture
async def paths() -> AsyncIterator[WirePaths]:
    async with wire_paths() as opened:
        yield opened


@pytest.mark.parametrize(("case", "path"), list(cases()))
async def test_every_condition_has_its_cause_and_class(
    case: Case, path: str, paths: WirePaths, simulator: Simulator
) -> None:
    if case.answers:
        server = ScriptedServer(case.answers)
        async with server.running():
            attempt = await paths.attempt(path, f"http://127.0.0.1:{server.port}", case.asking)
        sent = server.requests
    else:
        attempt, sent = await _ask_simulator(case, path, paths=paths, simulator=simulator)
    assert_row(case, attempt)
    assert sent == 1, "no library may retry by itself or follow a redirect"


async def _ask_simulator(case: Case, path: str, *, paths: WirePaths, simulator: Simulator) -> tuple[Attempt, int]:
    wire = simulator.ollama if path == OLLAMA else simulator.openai
    kind, parameters = case.arm
    wire.arm(kind, **parameters)
    attempt = await paths.attempt(path, wire.url, case.asking)
    return attempt, len(simulator.requests.find(wire=wire.name))


def assert_row(case: Case, attempt: Attempt) -> None:
    found = (attempt.cause, attempt.outcome, attempt.status_code)
    if case.cause is None:
        assert found == (None, Outcome.SUCCESS, None), attempt.detail
        assert attempt.usage is None or min(attempt.usage.input_tokens, attempt.usage.output_tokens) >= 0
        return
    rule = FAILURE_TABLE[case.cause]
    assert rule.row == case.row
    assert found == (case.cause, rule.outcome, case.status), attempt.detail
    assert attempt.final == (attempt.outcome is Outcome.NEUTRAL), "what nobody else would take is not rerouted"
    assert attempt.detail


@pytest.mark.parametrize("path", ALL_PATHS)
@pytest.mark.parametrize(
    ("headers", "wait", "may_repeat"),
    [
        ({}, None, True),
        ({"retry-after": "7"}, 7.0, True),
        ({"retry-after": "Wed, 21 Oct 2026 07:29:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0, True),
        ({"retry-after": "soon"}, None, True),
        ({"retry-after": "1", "retry-after-ms": "2500", "x-ratelimit-reset-tokens": "1m30s"}, 90.0, True),
        ({"x-should-retry": "false"}, None, False),
        ({"x-should-retry": "true"}, None, True),
    ],
    ids=["nothing", "seconds", "date", "garbage", "largest", "no-retry", "retry"],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_what_the_headers_say_about_asking_again_is_in_the_attempt(
    paths: WirePaths, path: str, headers: Mapping[str, str], wait: float | None, may_repeat: bool, status: int
) -> None:
    """Row 8, and row 26: `x-should-retry: false` changes neither cause nor class."""
    server = ScriptedServer(answer(status, error(), headers))
    async with server.running():
        attempt = await paths.attempt(path, f"http://127.0.0.1:{server.port}")
    assert attempt.cause == {429: "rate_limit", 503: "server_error"}[status]
    assert (attempt.retry_after_seconds, attempt.may_repeat) == (wait, may_repeat)
    assert server.requests == 1


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_no_detail_of_an_attempt_repeats_our_key(paths: WirePaths, path: str) -> None:
    """A server that echoes what it was sent, as debugging proxies do."""
    echo = error(f"no such route for {{'authorization': 'Bearer {API_KEY}', 'x-api-key': '{API_KEY}'}}")
    server = ScriptedServer(answer(404, echo))
    async with server.running():
        attempt = await paths.attempt(path, f"http://127.0.0.1:{server.port}")
    assert "no such route" in (attempt.detail or "")
    assert API_KEY not in (attempt.detail or "")
