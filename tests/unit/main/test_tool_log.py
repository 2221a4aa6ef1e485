"""What the log and an operator hear of tool servers."""

from dataclasses import replace
from datetime import UTC, datetime

from sentinel.main.tools import ToolLog
from sentinel.tools.supervisor import ServerState, ServerStatus

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
    log = ToolLog(lambda server, detail: told.append((server, detail)))
    refused = replace(READY, state=ServerState.DOWN, is_refused=True, last_error="HTTP 401, key sk-abcdefghijklmnop")
    for status in (READY, refused, replace(refused, last_error="HTTP 401"), READY, refused):
        log.changed(status, ())
    assert [server for server, _ in told] == ["search", "search"]
    assert "abcdefghijklmnop" not in str(told)


def test_a_server_that_is_only_down_is_nobodys_task() -> None:
    told: list[str] = []
    log = ToolLog(lambda server, _detail: told.append(server))
    log.changed(replace(READY, state=ServerState.DOWN, last_error="exited with code 1"), ())
    assert told == []
