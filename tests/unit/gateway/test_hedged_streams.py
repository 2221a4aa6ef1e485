"""Whole streams with hedges, whatever the timing: one answer, few enough requests, nothing held; in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.routes import Deadlines, HedgePolicy, Route, Target
from sentinel.errors import ProviderError
from sentinel.gateway.call import Call, Recovery
from sentinel.gateway.outgoing import Outgoing
from sentinel.gateway.receipts import receipt_headers
from sentinel.gateway.requests import CallerOptions, CompletionRequest
from sentinel.gateway.streaming import StreamRelay
from sentinel.gateway.upstream import UpstreamClient
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.classification import from_exception
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import RecoveryPlanner
from sentinel.testing.protection import hedge_planner, open_protection
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time
from tests.support.canned import chunk, frames, usage
from tests.support.openai_wire import HELLO, Heard
from tests.unit.resilience.making import finished

A, B, C = Target("a", "x"), Target("b", "y"), Target("c", "z")
WORDS = ["The moon ", "is made ", "of rock, ", "and of ", "very old ", "dust on ", "top of it."]
ANSWER = [chunk({"role": "assistant"}), *(chunk({"content": word}) for word in WORDS), chunk(finish="stop"), usage()]


@dataclass(frozen=True, kw_only=True)
class Play:
    """One upstream answer: a status, silence, then so many frames of the answer, one every `gap`; or a cut."""

    silent_seconds: float = 0.0
    gap: float = 0.1
    frames: int = len(ANSWER) + 1
    status: int = 200


FINE = Play()


@dataclass
class ScriptedUpstream:
    """A provider that plays one after the other; the last repeats."""

    plays: Sequence[Play]
    asked: int = 0
    open: int = 0

    @asynccontextmanager
    async def post(self, path: str, body: dict[str, Any], *, connect_seconds: float) -> AsyncIterator["Response"]:
        play = self.plays[min(self.asked, len(self.plays) - 1)]
        self.asked += 1
        self.open += 1
        try:
            yield Response(Content(play), play.status)
        finally:
            self.open -= 1

    def map_error(self, error: Exception) -> ProviderError:
        return from_exception(error)


@dataclass(frozen=True)
class Content:
    play: Play

    async def iter_any(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.play.silent_seconds)
        if self.play.status != 200:
            yield b'{"error": {"message": "no"}}'
            return
        for frame in frames(*ANSWER, "[DONE]").body[: self.play.frames]:
            yield frame
            await asyncio.sleep(self.play.gap)


@dataclass(frozen=True)
class Response:
    content: Content
    status: int
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stream:
    """One request of a caller to a route over A, B and C that hedges after a second."""

    plays: Mapping[str, Sequence[Play]]
    max_attempts: int = 3
    total_seconds: float = 60.0
    raw: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        clock = LoopClock(asyncio.get_running_loop())
        self.protection = open_protection(clock)
        self.upstreams = {name: ScriptedUpstream(plays) for name, plays in self.plays.items()}
        gate = TargetGate(self.protection.board, lambda *_: False, bulkheads=self.protection.bulkheads)
        recovery = Recovery(
            pipeline=AttemptPipeline(protection=self.protection, clock=clock),
            planner=RecoveryPlanner(max_attempts=self.max_attempts),
            gate=gate,
            hedges=hedge_planner(gate, self.protection, paces={A: 1.0}, attempts=self.max_attempts),
            clock=clock,
        )
        policy = HedgePolicy(enabled=True, share=1.0)
        route = Route(name="default", targets=(A, B, C), hedge=policy, deadlines=Deadlines(first_token_seconds=4.0))
        deadline = Deadline(clock, self.total_seconds)
        self.call = Call(recovery=recovery, route=route, deadlines=route.deadlines, deadline=deadline, is_stream=True)

    async def run(self) -> bool:
        body = {"model": "default", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
        relay = StreamRelay(
            call=self.call,
            request=CompletionRequest(body, CallerOptions()),
            outgoing=Outgoing(self._start, self._send),
            client=UpstreamClient(upstreams=self.upstreams),
        )
        return await relay.run()

    async def _start(self) -> None:
        told = receipt_headers(
            self.call.attempts,
            serving=self.call.current,
            under_way=self.call.under_way,
            request_id="r",
            trace_id="t",
        )
        self.headers = {name.decode(): value.decode() for name, value in told}

    async def _send(self, data: bytes) -> None:
        self.raw += data

    @property
    def heard(self) -> Heard:
        return Heard(200, self.headers, self.raw)  # type: ignore[arg-type]  # only shown

    @property
    def requests(self) -> int:
        return sum(upstream.asked for upstream in self.upstreams.values())

    @property
    def is_at_rest(self) -> bool:
        held = [self.protection.bulkheads.in_flight(target) for target in (A, B, C)]
        return not any(held) and not any(upstream.open for upstream in self.upstreams.values())


def streamed(a: Sequence[Play], b: Sequence[Play] = (FINE,), c: Sequence[Play] = (FINE,), **more: Any) -> Stream:
    async def run() -> Stream:
        stream = Stream({"a": a, "b": b, "c": c}, **more)
        await stream.run()
        return stream

    return run_in_virtual_time(run())


def test_headers_of_a_hedge_that_won_tell_of_two_attempts_and_no_failover() -> None:
    stream = streamed([Play(silent_seconds=3.0)])
    assert stream.heard.text == "".join(WORDS)
    assert stream.headers["x-sentinel-provider"] == "b"
    assert (stream.headers["x-sentinel-attempts"], stream.headers["x-sentinel-failover"]) == ("2", "false")


def test_headers_of_a_hedge_whose_first_target_failed_tell_of_a_failover() -> None:
    stream = streamed([Play(silent_seconds=2.0, status=500)], [Play(silent_seconds=3.0)])
    assert stream.heard.text == "".join(WORDS)
    assert stream.headers["x-sentinel-provider"] == "b"
    assert (stream.headers["x-sentinel-attempts"], stream.headers["x-sentinel-failover"]) == ("2", "true")


def test_headers_count_a_second_try_of_the_same_target() -> None:
    headers = receipt_headers([finished(A, "empty_answer")], serving=A, under_way=1, request_id="r", trace_id="t")
    assert dict(headers)[b"x-sentinel-attempts"] == b"2"


def test_while_two_are_asked_each_is_an_alternative_to_the_other() -> None:
    async def run() -> list[bool]:
        stream = Stream({}, max_attempts=1)
        told = []
        for stream.call.under_way in (1, 2):
            told.append(stream.call.has_alternative(A))
        return told

    assert run_in_virtual_time(run()) == [False, True]


MOMENTS = st.integers(0, 60).map(lambda tenths: tenths / 10)
PLAYS = st.builds(
    Play,
    silent_seconds=MOMENTS,
    gap=st.sampled_from([0.0, 0.1, 1.0]),
    frames=st.one_of(st.just(len(ANSWER) + 1), st.integers(0, len(ANSWER))),
    status=st.sampled_from([200, 200, 200, 200, 429, 500, 400, 401]),
)
SCRIPTS = st.lists(PLAYS, min_size=1, max_size=2)


@given(
    a=SCRIPTS,
    b=SCRIPTS,
    c=SCRIPTS,
    max_attempts=st.integers(1, 4),
    total_seconds=st.sampled_from([3.0, 60.0]),
    leaves_at=st.one_of(st.none(), MOMENTS),
)
def test_whatever_the_timing_the_caller_has_one_answer_and_nothing_stays_held(
    *,
    a: list[Play],
    b: list[Play],
    c: list[Play],
    max_attempts: int,
    total_seconds: float,
    leaves_at: float | None,
) -> None:
    async def run() -> tuple[Stream, bool | None]:
        stream = Stream({"a": a, "b": b, "c": c}, max_attempts=max_attempts, total_seconds=total_seconds)
        running = asyncio.create_task(stream.run())
        await asyncio.wait([running], timeout=leaves_at)
        is_whole = running.result() if running.done() else None
        running.cancel()
        await asyncio.wait([running])
        return stream, is_whole

    stream, is_whole = run_in_virtual_time(run())
    rows = stream.call.attempts
    called = [row for row in rows if not row.skipped]
    assert stream.is_at_rest
    assert stream.requests <= max_attempts
    assert len(called) == stream.requests, "every request is booked"
    assert sorted(row.number for row in rows) == list(range(1, len(rows) + 1))
    assert "".join(WORDS).startswith(stream.heard.text), "two answers were mixed"
    assert sum(row.hedge for row in rows) <= 1
    if is_whole:
        assert stream.heard.is_whole()
        assert stream.heard.text == "".join(WORDS)
        assert rows[-1].target == stream.call.current
    elif stream.heard.chunks:
        assert not stream.heard.finishes
    for row in rows:
        assert row.cause != "hedge_lost" or row.usage is not None
