"""Whatever the providers do, in any order, to callers who come together: requests, retries and time stay bounded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Deadlines, Midstream, Route, Target
from sentinel.testing.virtual_time import run_in_virtual_time
from tests.support.openai_wire import WITH_USAGE, Heard
from tests.support.virtual_gateway import FOREVER, FakeUpstream, Given, Reply, VirtualGateway, wait
from tests.support.wire_faults import FAULTS, Fault

TARGETS = [Target("one", "large"), Target("one", "small"), Target("two", "large"), Target("three", "tiny")]
LIMITS = Deadlines(connect_seconds=5, first_token_seconds=20, stall_seconds=30, total_seconds=60)


@dataclass(frozen=True)
class Caller:
    """When one comes, what it wants, and how long it waits."""

    comes: float
    is_stream: bool
    patience: float

    @property
    def body(self) -> dict[str, Any]:
        return {"stream": True, "stream_options": WITH_USAGE} if self.is_stream else {}


@dataclass(frozen=True)
class Scene:
    """A route, what each provider does to one request after the other (then it is well), and who asks."""

    targets: Sequence[Target]
    scripts: dict[str, list[Fault]]
    callers: Sequence[Caller]
    max_attempts: int
    midstream: Midstream

    def upstream(self, provider: str) -> FakeUpstream:
        script = self.scripts.get(provider, [])

        def reply(body: dict[str, Any], number: int) -> Reply:
            return (script[number] if number < len(script) else Fault("none")).reply(body)

        return FakeUpstream(reply)


CALLERS = st.builds(
    Caller,
    st.sampled_from([0.0, 0.0, 0.1, 3.0, 31.0, 65.0]),
    st.booleans(),
    st.sampled_from([FOREVER, FOREVER, FOREVER, 0.0, 0.3, 5.0, 25.0]),
)
SCENES = st.builds(
    Scene,
    st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True),
    st.dictionaries(st.sampled_from(["one", "two", "three"]), st.lists(FAULTS, max_size=6)),
    st.lists(CALLERS, min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from(Midstream),
)


async def play(scene: Scene) -> None:
    upstreams = {target.provider: scene.upstream(target.provider) for target in TARGETS}
    route = Route(name="default", targets=tuple(scene.targets), deadlines=LIMITS, midstream=scene.midstream)
    gateway = VirtualGateway(upstreams, route, max_attempts=scene.max_attempts)

    async def come(caller: Caller) -> None:
        await wait(caller.comes)
        began = gateway.clock.monotonic()
        given = await gateway.ask(patience=caller.patience, **caller.body)
        assert given.record is not None
        assert_answered(caller, given, given.record)
        took = gateway.clock.monotonic() - began
        assert took <= min(LIMITS.total_seconds, caller.patience) + 1e-3

    async with asyncio.TaskGroup() as callers:
        for caller in scene.callers:
            callers.create_task(come(caller))
    assert_within_budget(scene, gateway)
    gateway.assert_at_rest()


def assert_answered(caller: Caller, given: Given, record: RequestRecord) -> None:
    """One end of one kind, on the wire and in the record."""
    if given.has_left:  # perhaps in the moment of the end
        return
    assert record.outcome is not RequestOutcome.CANCELLED
    given.assert_is_one_response()
    assert (given.status == 200) == (record.status_code == 200)
    if given.status != 200:
        assert "error" in orjson.loads(given.raw)
        assert record.outcome is RequestOutcome.FAILED
    elif caller.is_stream:
        heard = Heard(given.status, given.headers, given.raw)
        assert heard.is_whole() != heard.is_honestly_broken()
        assert heard.is_whole() == (record.outcome is RequestOutcome.COMPLETED)
    else:
        assert orjson.loads(given.raw)["choices"][0]["finish_reason"]
        assert record.outcome is RequestOutcome.COMPLETED


def assert_within_budget(scene: Scene, gateway: VirtualGateway) -> None:
    """What the providers have seen is what the ledgers say, and no more than allowed."""
    assert len(gateway.records) == len(scene.callers)
    assert len({record.request_id for record in gateway.records}) == len(scene.callers)
    called = [[attempt for attempt in record.attempts if not attempt.skipped] for record in gateway.records]
    assert sum(map(len, called)) == sum(len(upstream.requests) for upstream in gateway.upstreams.values())
    repeats = 0
    for record, attempts in zip(gateway.records, called, strict=True):
        assert len(attempts) <= scene.max_attempts
        assert [attempt.number for attempt in record.attempts] == list(range(1, len(record.attempts) + 1))
        repeats += len(attempts) - len({attempt.target for attempt in attempts})
        for attempt in attempts:
            assert (attempt.started_at - record.started_at).total_seconds() < LIMITS.total_seconds
    assert repeats == sum(gateway.budget.granted.values())


@settings(max_examples=150, deadline=None)
@given(SCENES)
def test_no_script_of_faults_makes_more_requests_or_retries_than_allowed_or_ends_a_request_otherwise_than_once(
    scene: Scene,
) -> None:
    run_in_virtual_time(play(scene))
