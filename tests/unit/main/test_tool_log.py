"""What the log and an operator hear of tool servers."""

from dataclasses import replace
from datetime import UTC, datetime

from structlog.testing import capture_logs

from sentinel.main.tool_log import ToolLog
from sentinel.testing.clock import FakeClock, settle
from sentinel.tools.catalogue.spec import LeftOut, ToolSpec
from sentinel.tools.session.server_status import ServerState, ServerStatus

READY = ServerStatus(
    name="search",
    state=ServerState.READY,
    since=datetime(2026, 1, 1, tzinfo=UTC),
    tools=("find",),
    last_error=None,
    sessions=1,
    protocol_version="2026-07-28",
    pid=None,
    is_refused=False,
    last_cause=None,
)


def test_a_refused_key_is_told_once_until_it_is_accepted_again() -> None:
    told: list[tuple[str, str]] = []
    log = ToolLog(lambda server, detail: told.append((server, detail)), clock=FakeClock())
    refused = replace(READY, state=ServerState.DOWN, is_refused=True, last_error="HTTP 401, key sk-abcdefghijklmnop")
    for status in (READY, refused, replace(refused, last_error="HTTP 401"), READY, refused):
        log.changed(status, (), ())
    assert [server for server, _ in told] == ["search", "search"]
    assert "abcdefghijklmnop" not in str(told)


def test_a_server_that_is_only_down_is_nobodys_task() -> None:
    told: list[str] = []
    log = ToolLog(lambda server, _detail: told.append(server), clock=FakeClock())
    log.changed(replace(READY, state=ServerState.DOWN, last_error="exited with code 1"), (), ())
    assert told == []


def test_the_end_of_a_server_is_one_line_that_says_how() -> None:
    """Not first that it ended, and then how: that is known a moment later."""
    log = ToolLog(lambda _server, _detail: None, clock=FakeClock())
    ended = replace(READY, state=ServerState.DOWN, last_error="the session ended", is_ending=True)
    with capture_logs() as lines:
        for status in (READY, ended, replace(ended, last_error="exited with code 1", is_ending=False)):
            log.changed(status, (), ())
    assert [line["detail"] for line in lines if line["event"] == "tool_server_down"] == ["exited with code 1"]


async def test_servers_that_are_stopped_with_the_process_are_not_told() -> None:
    log = ToolLog(lambda _server, _detail: None, clock=FakeClock())
    log.changed(READY, (), ())
    log.close()
    with capture_logs() as lines:
        log.changed(replace(READY, state=ServerState.DOWN, last_error="closing"), (), ())
        log.offered(frozenset({"search__find"}))
    assert lines == []


def waiting(*names: str) -> list[ToolSpec]:
    return [
        ToolSpec(name=name, server="search", tool=name, description="", input_schema={}, is_quarantined=True)
        for name in names
    ]


async def test_a_list_that_changes_all_the_time_is_a_line_now_and_then() -> None:
    """With ten names and their number; what came in between and is still there is told later."""
    clock = FakeClock()
    log = ToolLog(lambda _server, _detail: None, clock=clock)
    with capture_logs() as lines:
        log.changed(READY, waiting("first"), ())
        for turn in range(20):
            log.changed(READY, waiting(*(f"t{turn}_{number:03}" for number in range(200))), ())
        await clock.elapse(5.0)
        await clock.elapse(5.0)
        log.changed(READY, waiting("last"), ())
        await settle()
    told = [(each["tools"], each["count"]) for each in lines if each["event"] == "tools_quarantined"]
    assert told == [(["first"], 1), ([f"t19_{number:03}" for number in range(10)], 200), (["last"], 1)]
    log.close()


async def test_what_is_not_used_is_told_with_its_reason() -> None:
    """And what models are not told of; each once."""
    log = ToolLog(lambda _server, _detail: None, clock=FakeClock())
    with capture_logs() as lines:
        for _ in range(2):
            log.changed(READY, (), [LeftOut(tool="bad", part="tool", reason="it has no name")])
            log.offered(frozenset({"search__find"}))
    told = [(each["event"], each["tools"]) for each in lines if each["event"] != "tool_server_ready"]
    assert told == [("tools_left_out", ["bad (it has no name)"]), ("tools_withheld", ["search__find"])]
    log.close()
