"""Servers that others wrote, of both eras, from npm and PyPI: found, called, judged, killed and opened again."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.errors import Outcome
from sentinel.tools.call import CallContext
from sentinel.tools.config import Effect, ServerConfig, SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import BOUND, Running, is_gone, running
from tests.support import third_party
from tests.support.bounded import bounded
from tests.support.third_party import LEGACY, MODERN, EverythingOverHttp

PATIENT = SupervisionConfig(backoff_base_seconds=0.05, start_wait_seconds=BOUND)


def versions(tools: Running) -> dict[str, str | None]:
    return {each.name: each.protocol_version for each in tools.registry.status()}


async def test_servers_of_both_eras_stand_beside_each_other(tmp_path: Path) -> None:
    """Each speaks what it knows; one from each source answers in one registry."""
    servers = {
        "everything": third_party.everything(),
        "memory": third_party.memory(tmp_path / "memory.jsonl"),
        "time": third_party.time(),
        "fetch": third_party.fetch(),
        "calculator": third_party.calculator(),
    }
    async with running(servers) as tools:
        legacy, modern = ("everything", "memory", "calculator"), ("time", "fetch")
        assert versions(tools) == dict.fromkeys(legacy, LEGACY) | dict.fromkeys(modern, MODERN)
        answers = await asyncio.gather(
            tools.call("everything__get-sum", a=19, b=23),
            tools.call("time__get_current_time", timezone="UTC"),
            tools.call("calculator__calculate", expression="6*7"),
        )
        assert [answer.cause for answer in answers] == [None, None, None]
        assert "is 42" in answers[0].text
        assert '"timezone": "UTC"' in answers[1].text
        assert answers[2].text == "42"


async def test_annotations_of_others_are_read_where_they_are_trusted(tmp_path: Path) -> None:
    """A tool about which nothing is said may do anything."""
    servers = {
        "memory": third_party.memory(tmp_path / "memory.jsonl"),
        "calculator": third_party.calculator(),
    }
    async with running(servers) as tools:
        effects = {spec.name: spec.effect for spec in tools.registry.tools()}
        assert effects["memory__read_graph"] is Effect.READ_ONLY
        assert effects["memory__create_entities"] is Effect.MUTATING
        assert effects["calculator__calculate"] is Effect.MUTATING


async def test_what_a_server_keeps_survives_its_death(tmp_path: Path) -> None:
    """Its memory is in its file; the supervisor gives it a new process."""
    async with running({"memory": third_party.memory(tmp_path / "memory.jsonl")}) as tools:
        entity = {"name": "Sentinel", "entityType": "product", "observations": ["it never crashes"]}
        assert (await tools.call("memory__create_entities", entities=[entity])).cause is None
        os.kill(tools.pid("memory"), signal.SIGKILL)
        await tools.until("memory", ServerState.READY, sessions=2)
        assert "it never crashes" in (await tools.call("memory__read_graph")).text


async def test_a_file_outside_the_root_is_an_error_of_the_tool(tmp_path: Path) -> None:
    """It ran and refused: no failure of the server, and nothing that its circuit counts as one."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "note.txt").write_text("inside", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("outside", encoding="utf-8")
    async with running({"files": third_party.filesystem(root)}) as tools:
        assert (await tools.call("files__read_text_file", path=str(root / "note.txt"))).text == "inside"
        outcome = await tools.call("files__read_text_file", path=str(tmp_path / "secret.txt"))
        assert (outcome.cause, outcome.outcome, outcome.executed) == (Cause.TOOL_ERROR, Outcome.QUALITY, "yes")
        assert outcome.is_error
        assert "outside allowed directories" in outcome.text
        assert tools.state("files") is ServerState.READY


async def test_a_tool_that_refuses_everybody_in_words_is_paused_and_its_server_is_not() -> None:
    """Once two callers have been told so, eight times in all; until then it might have been their arguments."""
    async with running({"one": third_party.fetch()}) as tools:
        spec = tools.registry.find("one__fetch")
        assert spec is not None
        causes = []
        for number in range(9):
            context = CallContext(caller=f"caller {number % 2}")
            arguments = {"url": f"http://127.0.0.1:9/{number}"}
            causes.append((await tools.registry.call_tool(spec, arguments, context=context)).cause)
        assert causes == [Cause.TOOL_ERROR] * 8 + [Cause.CIRCUIT_OPEN]
        assert (tools.state("one"), tools.sessions("one")) == (ServerState.READY, 1)


@pytest.mark.parametrize(
    ("server", "call"),
    [
        (third_party.time, ("one__get_current_time", {"timezone": "Mars"})),
        (third_party.calculator, ("one__calculate", {"expression": "6*"})),
        (third_party.everything, ("one__echo", {})),
    ],
    ids=["modern", "legacy-python", "legacy-node"],
)
async def test_bad_arguments_never_count_against_the_server(server: object, call: tuple[str, dict[str, str]]) -> None:
    """Whether it answers with an error of the tool or of the protocol, in whichever era."""
    assert callable(server)
    config: ServerConfig = server()
    async with running({"one": config}) as tools:
        outcome = await bounded(tools.router.call(call[0], call[1]), BOUND)
        assert outcome.cause in {Cause.TOOL_ERROR, Cause.INVALID_ARGUMENTS}
        assert outcome.outcome in {Outcome.QUALITY, Outcome.NEUTRAL}
        assert tools.sessions("one") == 1


@pytest.mark.parametrize(
    ("config", "call", "version"),
    [
        (third_party.everything, ("one__echo", {"message": "again"}), LEGACY),
        (third_party.time, ("one__get_current_time", {"timezone": "UTC"}), MODERN),
    ],
    ids=["legacy", "modern"],
)
async def test_a_killed_server_is_opened_again_in_its_era(
    config: object, call: tuple[str, dict[str, str]], version: str
) -> None:
    """The process is gone, the next one is asked in what the last one spoke, and answers."""
    assert callable(config)
    async with running({"one": config(), "other": third_party.time()}) as tools:
        victim, bystander = tools.pid("one"), tools.pid("other")
        os.kill(victim, signal.SIGKILL)
        await tools.until("one", ServerState.READY, sessions=2)
        assert is_gone(victim)
        assert versions(tools)["one"] == version
        outcome = await bounded(tools.router.call(call[0], call[1]), BOUND)
        assert outcome.cause is None
        assert tools.pid("other") == bystander


async def test_a_call_in_flight_dies_with_a_server_of_others() -> None:
    """At once, and without a word about whether it acted."""
    async with running({"one": third_party.everything()}) as tools:
        spec = tools.registry.find("one__trigger-long-running-operation")
        assert spec is not None
        call = asyncio.create_task(tools.registry.call_tool(spec, {"duration": 30, "steps": 2}))
        await tools.call("one__echo", message="the call before this one was read")
        os.kill(tools.pid("one"), signal.SIGKILL)
        outcome = await bounded(call, BOUND)
        assert (outcome.cause, outcome.executed) == (Cause.TRANSPORT, "unknown")


@pytest.fixture
def everything_over_http(tmp_path: Path) -> Iterator[EverythingOverHttp]:
    server = EverythingOverHttp(tmp_path)
    yield server
    server.program.kill()


async def test_the_reference_server_works_over_http_and_after_a_restart(
    everything_over_http: EverythingOverHttp,
) -> None:
    """It has sessions, as its era does; a restarted one knows none of them, and a new one is opened."""
    async with running({"web": everything_over_http.config}, supervision=PATIENT) as tools:
        await tools.until("web", ServerState.READY)
        assert versions(tools) == {"web": LEGACY}
        assert "is 42" in (await tools.call("web__get-sum", a=40, b=2)).text
        everything_over_http.program.kill()
        outcome = await tools.call("web__echo", message="anybody there?")
        assert outcome.cause in {Cause.TRANSPORT, Cause.CONNECT}
        everything_over_http.restart()
        await tools.until("web", ServerState.READY, sessions=2)
        assert (await tools.call("web__echo", message="back")).text == "Echo: back"
