"""Must-have 10: whatever a server sends, event loop and memory stay ours, and the failure has the right name."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Any

import pytest

from sentinel.errors import Outcome
from sentinel.tools.config import SupervisionConfig, ToolLimits
from sentinel.tools.outcome import Cause, ToolOutcome
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.addresses import Start, misbehaving_over_http
from tests.acceptance.tools.loop_lag import LoopLag
from tests.acceptance.tools.timing import ROUNDS
from tests.integration.tools.running import BOUND, Running, misbehaving, running

LAG_SECONDS = 0.05
MEGABYTE = 1_000_000
SLOW_TO_COME_BACK = SupervisionConfig(start_wait_seconds=BOUND, backoff_base_seconds=600, backoff_max_seconds=600)

# Tool, its arguments, what became of the call, and the memory that it may take meanwhile.
CALLS: dict[str, tuple[str, dict[str, Any], Cause | None, int]] = {
    "a line of 20 MB": ("huge", {}, Cause.OVERSIZE, 12 * MEGABYTE),
    "a line of 20 MB with the id last": ("huge_with_the_id_last", {}, Cause.OVERSIZE, 12 * MEGABYTE),
    "5 MB on stderr": ("flood_stderr", {"text": "dry"}, None, 4 * MEGABYTE),
    "1 MB of noise on stdout": ("flood_stdout", {"text": "dry"}, None, 8 * MEGABYTE),
    "lines of one character": ("flood_lines", {"line": "x", "text": "dry"}, None, 8 * MEGABYTE),
    "lines that begin like a message": ("flood_lines", {"line": "{", "text": "dry"}, None, 8 * MEGABYTE),
    "empty lines": ("flood_lines", {"line": "", "text": "dry"}, None, 8 * MEGABYTE),
    "5,000 steps of progress": ("flood_progress", {"text": "dry"}, None, 8 * MEGABYTE),
    "as many keys as may be": ("crowd", {"count": 38_000}, None, 24 * MEGABYTE),
    "more keys than may be": ("crowd", {"count": 90_000}, Cause.OVERSIZE, 12 * MEGABYTE),
    "as many numbers as may be": ("crowd", {"of": "numbers", "count": 95_000}, None, 24 * MEGABYTE),
    "more numbers than may be": ("crowd", {"of": "numbers", "count": 190_000}, Cause.OVERSIZE, 12 * MEGABYTE),
    "as many lists as may be": ("crowd", {"of": "lists", "count": 19_000}, None, 24 * MEGABYTE),
    "more lists than may be": ("crowd", {"of": "lists", "count": 900_000}, Cause.OVERSIZE, 12 * MEGABYTE),
    "nothing as a result": ("null_result", {}, Cause.MALFORMED, 2 * MEGABYTE),
}


@pytest.mark.parametrize("case", [*CALLS])
async def test_a_hostile_answer_holds_up_nobody(case: str) -> None:
    """A call beside it, and one after it, are answered on the same session."""
    tool, arguments, cause, _ = CALLS[case]
    async with running({"one": misbehaving()}) as tools:

        async def hostile() -> ToolOutcome:
            outcome = await tools.call(f"one__{tool}", **arguments)
            if cause is not None:
                assert (outcome.outcome, outcome.executed) == (Outcome.FAILURE, "unknown")
                tools.board.reset(f"tool:one/{tool}", actor="test")
            return outcome

        assert await usual_lag(tools, hostile, cause) < LAG_SECONDS


async def usual_lag(tools: Running, hostile: Callable[[], Awaitable[ToolOutcome]], cause: Cause | None) -> float:
    """Make the hostile call several times, with another beside it; the median of the lags in seconds."""
    lags: list[float] = []
    assert (await tools.call("one__echo", text="warm")).text == "warm"
    for _ in range(ROUNDS):
        async with LoopLag() as lag:
            beside, outcome = await asyncio.gather(tools.call("one__echo", text="beside"), hostile())
        lags.append(lag.worst_seconds)
        assert (beside.text, outcome.cause) == ("beside", cause)
    assert (await tools.call("one__echo", text="after")).text == "after"
    assert tools.sessions("one") == 1
    return median(lags)


# What fills a stream of events before the answer, and what becomes of the call.
EVENTS: dict[str, tuple[str, Cause | None]] = {
    "blank lines": ("\n\n", None),
    "comments": (":\n\n", None),
    "events without a message": ("data\n\n", None),
    "one event of many lines": (":\n", Cause.OVERSIZE),
}


@pytest.mark.parametrize("case", [*EVENTS])
async def test_a_hostile_stream_of_events_holds_up_nobody(start: Start, case: str) -> None:
    """A call beside it, and one after it, are answered on the same session."""
    event, cause = EVENTS[case]
    server = start(misbehaving_over_http)
    async with running({"one": server.config}) as tools:
        await tools.until("one", ServerState.READY)
        flood = partial(tools.call, "one__flood_events", event=event, text="dry")
        assert await usual_lag(tools, flood, cause) < LAG_SECONDS


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_a_body_in_chunks_of_one_byte_holds_up_nobody(start: Start, kind: str) -> None:
    """Each chunk takes the HTTP library longer than thousands of bytes do."""
    server = start(misbehaving_over_http)
    async with running({"one": server.config}) as tools:
        await tools.until("one", ServerState.READY)
        assert await usual_lag(tools, partial(tools.call, "one__drip", kind=kind), None) < LAG_SECONDS
        assert (await tools.call("one__drip", kind=kind)).text == "x" * 100_000


@pytest.mark.parametrize("case", [*CALLS])
async def test_a_hostile_answer_takes_little_memory(case: str) -> None:
    """At no moment is a whole flood in it."""
    tool, arguments, _, most = CALLS[case]
    async with running({"one": misbehaving()}) as tools:
        assert (await tools.call("one__echo", text="warm")).text == "warm"
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            await tools.call(f"one__{tool}", **arguments)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak - before < most


# What a list of tools does: the tools that are offered, or why the server is not used.
LISTS: dict[str, set[str] | Cause] = {
    "endless": {"echo", *(f"tool{page}" for page in range(20))},
    "thousand": {"echo", *(f"tool{number}" for number in range(199))},
    "many": Cause.OVERSIZE,
    "wide": Cause.OVERSIZE,
    "broad": {"echo"},
    "deep": Cause.MALFORMED,
    "wordy": {"echo", *(f"wordy{number}" for number in range(5))},
    "unseen": {"echo", *(f"unseen{number}" for number in range(199))},
    "odd": {"echo", "odd", "o\u202edd\u0000"},
    "redos": {"echo", "promise"},
    "unfit": {"echo"},
}


@pytest.mark.parametrize("kind", [*LISTS])
async def test_a_hostile_list_of_tools_holds_up_nobody(kind: str) -> None:
    """Its good tools work, or it is not used and says why; the other server does not notice."""
    lags: list[float] = []
    for _ in range(ROUNDS):
        async with (
            LoopLag() as lag,
            running(
                {"one": misbehaving("--lists", kind), "other": misbehaving()}, supervision=SLOW_TO_COME_BACK
            ) as tools,
        ):
            assert (await tools.call("other__echo", text="fine")).text == "fine"
            await expect(tools, LISTS[kind])
        lags.append(lag.worst_seconds)
    assert median(lags) < LAG_SECONDS


async def expect(tools: Running, found: set[str] | Cause) -> None:
    if isinstance(found, Cause):
        await tools.until("one", ServerState.DOWN)
        assert tools.registry.supervisor("one").status().last_cause is found
        return
    assert {spec.tool for spec in tools.registry.listed("one")} == found
    assert (await tools.call("one__echo", text="good")).text == "good"
    for spec in tools.registry.listed("one"):
        assert len(spec.name) <= 64
        assert spec.name.isascii()
        assert len(spec.description) <= 4_000
        assert spec.description.isprintable()


async def test_a_pattern_that_takes_for_ever_is_not_followed() -> None:
    """The result is given as it is: what the pattern would have said is not known."""
    async with running({"one": misbehaving("--lists", "redos")}) as tools, LoopLag() as lag:
        outcome = await tools.call("one__promise")
        assert (outcome.cause, outcome.structured) == (None, {"text": "a" * 40 + "!"})
    assert lag.worst_seconds < LAG_SECONDS * 4  # exponential: it would be years


async def test_a_line_without_an_end_ends_the_session() -> None:
    """Nothing can come after it."""
    limits = ToolLimits(max_result_bytes=1000)
    async with running({"one": misbehaving()}, limits=limits) as tools, LoopLag() as lag:
        assert (await tools.call("one__endless")).cause is Cause.TRANSPORT
        await tools.until("one", ServerState.READY, sessions=2)
    assert lag.worst_seconds < LAG_SECONDS * 4


async def test_a_banner_on_stdout_is_overlooked() -> None:
    """Many servers greet before they serve."""
    async with running({"one": misbehaving("--banner")}) as tools:
        assert (await tools.call("one__echo", text="hello")).text == "hello"


async def test_garbage_instead_of_an_answer_is_malformed_and_hurts_nobody_else() -> None:
    """The session goes on."""
    async with running({"one": misbehaving()}, limits=ToolLimits(timeout_seconds=0.3)) as tools:
        outcome = await tools.call("one__garbage")
        assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.MALFORMED, Outcome.FAILURE, "unknown")
        assert (await tools.call("one__garbage_and_answer", text="there")).text == "there"
        assert tools.sessions("one") == 1
