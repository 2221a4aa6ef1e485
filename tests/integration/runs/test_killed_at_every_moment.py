"""A process that is killed before or after each of its writes, words and acts: what the next one makes of its run."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.bounded import bounded
from tests.support.doomed_runs import FIRST, SECOND

_PROJECT = Path(__file__).parents[3]
_ANSWER = "".join(FIRST) + "\n\n" + "".join(SECOND)
_SECONDS = 240

Story = dict[str, Any]


async def stories_in(folder: Path) -> list[Story]:
    """Let a run be killed at each moment; what the process after it had to tell."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.doomed_runs", str(folder), cwd=_PROJECT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await bounded(program.communicate(), _SECONDS)
    assert program.returncode == 0
    return [json.loads(line) for line in told.splitlines()]


@pytest.mark.timeout(_SECONDS)
async def test_whenever_a_process_is_killed_its_run_ends_once_whole_and_books_at_most_once(tmp_path: Path) -> None:
    kills = 0
    for story in await stories_in(tmp_path / "runs"):
        moment = f"{story['moment']} {story['number']}"
        assert story["ended"] == 0, moment
        kills += story["killed"] == 9
        if story["runs"]:
            check(story, moment)
    assert kills > 50


def check(story: Story, moment: str) -> None:
    """Hold a story to what is promised."""
    [run] = story["runs"]
    events = run["events"]
    assert run["status"] == "completed", moment
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), moment
    assert [event["type"] for event in events if event["type"] in {"completion", "error"}] == ["completion"], moment
    assert "restarted" not in phases(events), moment
    assert "".join(event["data"]["text"] for event in events if event["type"] == "token") == _ANSWER, moment
    assert events[-1]["data"]["text"] == _ANSWER, moment
    assert story["booked"] <= 1, moment
    assert story["booked"] == 1 or run["executed"] == ["unknown"], moment
    assert run["recovered"] == phases(events).count("recovered") <= 1, moment
    begun = [event["data"]["tool_call_id"] for event in events if event["data"].get("phase") == "tool_started"]
    over = [event["data"]["tool_call_id"] for event in events if event["data"].get("phase", "").startswith("tool_f")]
    assert begun == over, moment
    assert len(begun) == 1, moment


def phases(events: list[Story]) -> list[str]:
    """The phases of the status events."""
    return [event["data"]["phase"] for event in events if event["type"] == "status"]
