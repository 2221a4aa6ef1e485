"""What callers outside are told of a failed call: a result that says what is known, whatever became of the call."""

import json

import pytest

from sentinel.gateway.mcp.shapes import result_of
from sentinel.testing.clock import FakeClock
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.outcome import VERDICTS, Cause, ToolAttempt, ToolOutcome
from tests.support.mcp_agents import LEGACY, MODERN, agent_at

EXECUTED: dict[str, dict[str, bool]] = {"yes": {"executed": True}, "no": {"executed": False}, "unknown": {}}


def outcome(cause: Cause, **changes: object) -> ToolOutcome:
    """A call that ended as the table says of this cause."""
    verdict = VERDICTS[cause]
    known = {"text": verdict.text, "is_error": True, "cause": cause, "server": "desk", "tool": "echo",
             "duration_ms": 1.0, "outcome": verdict.outcome, "executed": verdict.executed}  # fmt: skip
    return ToolOutcome(**{**known, **changes})  # type: ignore[arg-type]  # the test's own words


@pytest.mark.parametrize("cause", Cause)
def test_a_failure_of_any_kind_says_its_kind_and_whether_the_tool_acted(cause: Cause) -> None:
    result = result_of(outcome(cause))
    assert result.is_error
    assert (
        result.meta
        == {
            "tool": "desk/echo",
            "fallback_used": False,
            "kind": cause.value,
        }
        | EXECUTED[VERDICTS[cause].executed]
    )
    assert result.structured_content is None
    assert result.content


@pytest.mark.parametrize("cause", [Cause.CIRCUIT_OPEN, Cause.COOLDOWN, Cause.THROTTLED, Cause.OVERLOADED])
def test_when_to_come_back_is_told_in_milliseconds_where_it_is_known(cause: Cause) -> None:
    meta = result_of(outcome(cause, retry_after_seconds=1.2344)).meta
    assert meta is not None
    assert meta["retry_after_ms"] == 1234


def test_that_others_were_asked_in_vain_is_told() -> None:
    tries = tuple(
        ToolAttempt(server=server, tool="echo", cause="connect", executed="no", duration_ms=1.0)
        for server in ("desk", "spare")
    )
    meta = result_of(outcome(Cause.CONNECT, server="spare", attempts=tries)).meta
    assert meta is not None
    assert (meta["tool"], meta["fallback_used"], meta["executed"]) == ("spare/echo", True, False)


@pytest.mark.parametrize("era", [MODERN, LEGACY])
async def test_levels_of_log_lines_are_taken_from_older_clients_and_no_lines_promised(era: str) -> None:
    async with agent_at(FakeToolbox(), FakeClock()) as agent:
        if era == LEGACY:
            answer = await agent.ask("logging/setLevel", {"level": "debug"}, era=era)
            assert json.loads(answer.text.partition("data: ")[2])["result"] == {}
        hello = {"protocolVersion": era, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        told = await agent.ask(*(("initialize", hello) if era == LEGACY else ("server/discover",)), era=era)
        capabilities = json.loads(told.text.partition("data: ")[2] or told.text)["result"]["capabilities"]
        assert capabilities == {"tools": {"listChanged": True}}
