"""Must-have 5: failures of a tool open its circuit, an open circuit lets nothing through, and its siblings work."""

import asyncio
from pathlib import Path

import pytest

from sentinel.resilience.breaker_view import BreakerState
from sentinel.tools.config import ToolOverride
from sentinel.tools.outcome import Cause
from tests.integration.tools.running import BOUND, misbehaving, running
from tests.support import third_party

THRESHOLD = 3
IMPATIENT = {"one/count_and_hang": ToolOverride(timeout_seconds=0.4)}


@pytest.mark.parametrize(
    ("tool", "cause"),
    [
        ("count_and_fail", Cause.SERVER_ERROR),
        ("count_and_babble", Cause.MALFORMED),
        ("count_and_hang", Cause.TIMEOUT),
    ],
)
async def test_an_open_circuit_lets_nothing_through_and_siblings_work(tool: str, cause: Cause, tmp_path: Path) -> None:
    """The server itself counts what reaches it; the tool stays listed."""
    server = misbehaving(COUNT_FILE=str(tmp_path / "count"))
    async with running({"one": server}, overrides=IMPATIENT) as tools:
        circuit = tools.board.get(f"tool:one/{tool}")
        for _ in range(THRESHOLD):
            assert (await tools.call(f"one__{tool}")).cause is cause
        async with asyncio.timeout(BOUND):  # a deadline counts when the server has shown that it is alive
            while circuit.state is not BreakerState.OPEN:
                await asyncio.sleep(0.01)
        for _ in range(5):
            outcome = await tools.call(f"one__{tool}")
            assert (outcome.cause, outcome.executed) == (Cause.CIRCUIT_OPEN, "no")
            assert outcome.retry_after_seconds
        assert (await tools.call("one__counted")).text == str(THRESHOLD)
        assert (await tools.call("one__echo", text="fine")).text == "fine"
        assert f"one__{tool}" in {spec.name for spec in tools.router.tools()}
        assert tools.sessions("one") == 1


async def test_bad_arguments_open_nothing() -> None:
    """However many: they are the caller's, in whichever words a server refuses them."""
    servers = {"one": third_party.time(), "two": third_party.everything()}
    async with running(servers) as tools:
        for _ in range(THRESHOLD * 2):
            await tools.call("one__get_current_time", timezone="Mars")
            await tools.call("two__echo")
        assert tools.board.get("tool:one/get_current_time").state is BreakerState.CLOSED
        assert tools.board.get("tool:two/echo").state is BreakerState.CLOSED
