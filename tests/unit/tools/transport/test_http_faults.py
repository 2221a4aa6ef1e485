"""Whatever a server does to one request becomes an answer to that request."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from sentinel.testing.clock import FakeClock
from sentinel.tools.transport.framing import MAX_LISTS
from sentinel.tools.transport.http_faults import FaultProofTransport
from tests.support.turns import bystander

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {}}
JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
CAP = 200

Answer = httpx2.Response | Exception


class Chunks(httpx2.AsyncByteStream):
    """A body in pieces, which may break."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.is_closed = True


class Scripted(httpx2.AsyncBaseTransport):
    """Answers every request with the same."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def transport(answer: Answer, *, is_open: bool = True) -> FaultProofTransport:
    made = FaultProofTransport(Scripted(answer), max_bytes=CAP, clock=FakeClock())
    made.is_open = is_open
    return made


async def post(
    answer: Answer, message: Any = CALL, headers: dict[str, str] | None = None, *, is_open: bool = True
) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=transport(answer, is_open=is_open)) as client:
        return await client.post("http://server/mcp", json=message, headers=headers)


async def fault(answer: Answer, headers: dict[str, str] | None = None) -> dict[str, Any]:
    response = await post(answer, headers=headers)
    body = response.json()
    assert body["id"] == 7
    data: dict[str, Any] = body["error"]["data"]
    return data


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (httpx2.ConnectError("refused"), "connect"),
        (httpx2.ConnectTimeout("slow"), "connect"),
        (httpx2.PoolTimeout("full"), "connect"),
        (httpx2.ReadError("reset"), "transport"),
        (httpx2.WriteError("broken pipe"), "transport"),
        (httpx2.RemoteProtocolError("disconnected"), "transport"),
        (httpx2.ReadTimeout("silent"), "transport"),
    ],
)
async def test_a_broken_connection_is_told_to_its_call(error: httpx2.TransportError, cause: str) -> None:
    """Only what never had a connection was surely not sent."""
    assert (await fault(error))["cause"] == cause


async def test_before_the_session_is_open_a_broken_connection_is_raised() -> None:
    """There is no session to save, and the SDK would take the answer for one of the old era."""
    with pytest.raises(httpx2.ConnectError):
        await post(httpx2.ConnectError("refused"), is_open=False)


async def test_a_lost_notification_is_not_missed() -> None:
    """Nobody waits for its answer."""
    response = await post(httpx2.ReadError("reset"), {"jsonrpc": "2.0", "method": "notifications/cancelled"})
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("status", "headers", "cause", "retry_after"),
    [
        (401, {}, "auth", None),
        (403, {}, "forbidden", None),
        (429, {}, "throttled", None),
        (429, {"retry-after": "12"}, "throttled", 12.0),
        (429, {"retry-after": "soon"}, "throttled", None),
        (429, {"retry-after": "-3"}, "throttled", None),
        (429, {"retry-after": "nan"}, "throttled", None),
        (429, {"retry-after": "9" * 5000}, "throttled", 3600.0),
        (429, {"retry-after": "Mon, 20 Nov 2026 19:12:08 +99999999999999999999"}, "throttled", None),
        (429, {"retry-after": "Mon, 20 Nov 99999999999999999999 19:12:08 GMT"}, "throttled", None),
        (503, {"retry-after": "Mon, 20 Nov 2026 19:12:08 +9999999999"}, "server_error", None),
        (429, {"retry-after": "Mon, 20 Nov 2026 19:12:08 -0000"}, "throttled", None),
        (503, {"retry-after": "999999"}, "overloaded", 3600.0),
        (503, {}, "server_error", None),
        (500, {}, "server_error", None),
    ],
)
async def test_a_status_is_not_forgotten(
    status: int, headers: dict[str, str], cause: str, retry_after: float | None
) -> None:
    """Nor is how long to wait."""
    data = await fault(httpx2.Response(status, headers=headers, stream=Chunks(b"sorry")))
    assert (data["cause"], data["retry_after_seconds"]) == (cause, retry_after)


async def test_a_pause_may_be_a_date() -> None:
    """As HTTP allows."""
    date = format_datetime(FakeClock().now() + timedelta(seconds=90), usegmt=True)
    data = await fault(httpx2.Response(429, headers={"retry-after": date}, stream=Chunks()))
    assert data["retry_after_seconds"] == pytest.approx(90.0)


async def test_only_a_request_with_a_session_can_have_lost_it() -> None:
    """Any other 404 is an address that is not there."""
    missing: Callable[[], httpx2.Response] = lambda: httpx2.Response(404, stream=Chunks(b"?"))  # noqa: E731
    assert (await fault(missing(), {"mcp-session-id": "s"}))["cause"] == "session_expired"
    assert (await post(missing())).status_code == 404


async def test_an_error_of_the_protocol_passes_whatever_its_status() -> None:
    """It says more than the status."""
    said = {"jsonrpc": "2.0", "id": 7, "error": {"code": -32602, "message": "no such tool"}}
    for status in (400, 500):
        response = await post(httpx2.Response(status, headers=JSON, stream=Chunks(json.dumps(said).encode())))
        assert response.json() == said


async def test_a_body_that_is_cut_is_no_answer() -> None:
    """Nor is one over the cap, although the tool has acted then."""
    whole = httpx2.Response(200, headers=JSON, stream=Chunks(b'{"id":', b"7}"))
    assert (await post(whole)).json() == {"id": 7}
    cut = httpx2.Response(200, headers=JSON, stream=Chunks(b'{"a":', httpx2.ReadError("cut")))
    assert (await fault(cut))["cause"] == "transport"
    body = Chunks(*[b"x" * 50] * 10)
    data = await fault(httpx2.Response(200, headers=JSON, stream=body))
    assert (data["cause"], data["executed"]) == ("oversize", "yes")
    assert body.is_closed


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/html"}, {}, {"content-type": "application/json", "content-encoding": "gzip"}]
)
async def test_an_answer_of_another_kind_is_malformed(headers: dict[str, str]) -> None:
    """A page, nothing at all, or something compressed that nobody asked for."""
    assert (await fault(httpx2.Response(200, headers=headers, stream=Chunks(b"<html>"))))["cause"] == "malformed"


@pytest.mark.parametrize("said", [{"id": 8, "result": {}}, {"id": None, "result": {}}, {"result": {}}])
async def test_an_answer_to_another_request_is_given_to_nobody(said: dict[str, Any]) -> None:
    """Else it would be taken for the result of a call that waits beside this one."""
    answer = httpx2.Response(200, headers=JSON, stream=Chunks(json.dumps({"jsonrpc": "2.0", **said}).encode()))
    assert (await fault(answer))["cause"] == "malformed"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_says_what_to_do(status: int) -> None:
    """Neither here nor by the client; what the location carries besides the address is not shown."""
    headers = {"location": "http://me:pass@other/mcp/?token=x#y"}
    response = await post(httpx2.Response(status, headers=headers, stream=Chunks(b"")))
    error = response.json()["error"]
    assert not response.has_redirect_location
    assert (error["data"]["cause"], error["data"]["executed"]) == ("malformed", None)
    assert "redirects to http://other/mcp/; configure that address" in error["message"]
    for odd in ({}, {"location": "http://[::"}):
        assert (await fault(httpx2.Response(status, headers=odd, stream=Chunks(b""))))["cause"] == "malformed"


async def test_an_answer_that_makes_its_reading_fail_costs_one_call() -> None:
    """Raised any further, the fault would end the session."""
    broken = httpx2.Response(200, headers=JSON, stream=Chunks(b"{", OverflowError("too odd")))
    assert (await fault(broken))["cause"] == "malformed"


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_events_pass_unchanged(end: bytes, size: int) -> None:
    """However the bytes arrive."""
    text = b'event: message\ndata: {"method": "m"}' + end + b": keep-alive" + end + b"data: last"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert (await post(httpx2.Response(200, headers=EVENTS, stream=Chunks(*pieces)))).content == text


def events_of(content: bytes) -> list[dict[str, Any]]:
    blocks = content.decode().strip().split("\n\n")
    return [json.loads(block.partition("data: ")[2]) for block in blocks]


async def streamed(*pieces: bytes | Exception) -> list[dict[str, Any]]:
    return events_of((await post(httpx2.Response(200, headers=EVENTS, stream=Chunks(*pieces)))).content)


async def test_a_stream_that_breaks_ends_with_an_event_that_says_so() -> None:
    """What was half an event is dropped."""
    first, last = await streamed(b'data: {"method": "m"}\n\ndata: {"n"', httpx2.ReadError("reset"))
    assert first == {"method": "m"}
    assert (last["id"], last["error"]["data"]["cause"]) == (7, "transport")


async def test_an_event_over_the_cap_ends_the_stream() -> None:
    """The tool has acted; its words are not kept."""
    (only,) = await streamed(b"data: ", *[b"x" * 50] * 20)
    assert (only["error"]["data"]["cause"], only["error"]["data"]["executed"]) == ("oversize", "yes")


@pytest.mark.parametrize("flood", [b"\n\n", b"\r\n", b"\r", b"\n\r"])
@pytest.mark.parametrize("size", [1, 3, 65_536])
async def test_blank_lines_are_not_passed_on(flood: bytes, size: int) -> None:
    """Each of them would be an event without anything in it; at most the few that end an event are kept."""
    said, blank = b'data: {"method": "m"}', flood * 3_000
    stream = blank + said + blank + said + blank
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    content = (await post(httpx2.Response(200, headers=EVENTS, stream=Chunks(*pieces)))).content
    assert [line for line in content.splitlines() if line] == [said, said]
    assert len(content.splitlines()) >= 4
    assert len(content) < 2 * len(said) + 20


@pytest.mark.parametrize(
    ("kind", "pieces", "least"),
    [
        (EVENTS, [b":\n\n" * 20_000], 40),
        (EVENTS, [b":\n" * 10_000 + b"\n"], 2),
        (EVENTS, [b"\n"] * 1_000, 10),
        (JSON, [b"1"] * CAP, 2),
    ],
)
async def test_others_have_their_turn_while_a_flood_is_read(
    kind: dict[str, str], pieces: list[bytes], least: int
) -> None:
    """Of events or chunks, however little is in each, and however many come at once."""
    async with bystander() as other:
        await post(httpx2.Response(200, headers=kind, stream=Chunks(*pieces)))
    assert other.turns >= least


async def test_an_event_of_too_many_lines_ends_the_stream() -> None:
    """Each of them is looked at by itself."""
    answer = httpx2.Response(200, headers=EVENTS, stream=Chunks(b"data: 1\n" * 20_001 + b"\n"))
    made = FaultProofTransport(Scripted(answer), max_bytes=1_000_000, clock=FakeClock())
    async with httpx2.AsyncClient(transport=made) as client:
        (only,) = events_of((await client.post("http://server/mcp", json=CALL)).content)
    assert (only["id"], only["error"]["data"]["cause"]) == (7, "oversize")


@pytest.mark.parametrize("answer", [b'{"id": 8, "result": {}}', b'{"id": 8, "result": {"n": NaN}}', b'{"result": {}}'])
@pytest.mark.parametrize(
    "shape", [b"data: %s\n\n", b"\xef\xbb\xbfdata:%s\r\rdata: {}", b"id: 1\r\ndata: %s", b"data: %s\n\r\ndata: {}\n\n"]
)
async def test_an_answer_to_another_request_in_a_stream_is_given_to_nobody(answer: bytes, shape: bytes) -> None:
    """The SDK takes every answer on the stream of a request for the answer to that."""
    (only,) = await streamed(shape % answer)
    assert (only["id"], only["error"]["data"]["cause"]) == (7, "malformed")


@pytest.mark.parametrize("said", [b'{"id": 7, "result": {}}', b'{"id": "7", "error": {}}', b'{"id": 8, "method": "m"}'])
async def test_what_belongs_to_a_request_passes(said: bytes) -> None:
    """Questions of the server have ids of their own."""
    assert await streamed(b"data: " + said + b"\n\n") == [json.loads(said)]


async def test_an_answer_with_numbers_that_are_none_must_be_to_this_request_too() -> None:
    """The SDK reads them, although JSON has none such."""
    for said, status in ((b'{"id": 7, "result": NaN}', 200), (b'{"id": 8, "result": NaN}', 502)):
        assert (await post(httpx2.Response(200, headers=JSON, stream=Chunks(said)))).status_code == status


@pytest.mark.parametrize("resumed", [{}, {"last-event-id": "1"}])
@pytest.mark.parametrize("many", [[b"[" + b"[]," * MAX_LISTS + b"[]]}\n\n"], [b'"', *[b"x" * 50] * 10, b'"']])
async def test_a_stream_of_notifications_has_the_same_limits(resumed: dict[str, str], many: list[bytes]) -> None:
    """What it says is read on the same event loop, and may be the answer to a call that is resumed there."""
    first, *others = many
    pieces = (b': "\n\n', b'data: {"method": "m", "params": ' + first, *others, b"}\n\n", b"data: {}\n\n")
    made = transport(httpx2.Response(200, headers=EVENTS, stream=Chunks(*pieces)))
    async with httpx2.AsyncClient(transport=made) as client:
        response = await client.get("http://server/mcp", headers=resumed)
    comment, said = response.content.strip().split(b"\n\n")
    assert comment == b': "'
    (error,) = events_of(said)
    assert (error["id"], error["error"]["data"]["cause"]) == (None, "oversize")


async def test_a_stream_of_notifications_that_breaks_says_so_itself() -> None:
    """The SDK then opens another, or resumes it."""
    made = transport(httpx2.Response(200, headers=EVENTS, stream=Chunks(b"data: {}\n\n", httpx2.ReadError("reset"))))
    with pytest.raises(httpx2.ReadError):
        async with httpx2.AsyncClient(transport=made) as client:
            await client.get("http://server/mcp")


async def test_the_end_of_a_stream_of_notifications_raises_a_doubt() -> None:
    """The server may have gone with it."""
    doubts: list[bool] = []
    made = transport(httpx2.Response(200, headers=EVENTS, stream=Chunks(b": hello\n\n")))
    made.on_doubt = lambda: doubts.append(True)
    async with httpx2.AsyncClient(transport=made) as client:
        await client.get("http://server/mcp")
    assert doubts == [True]
