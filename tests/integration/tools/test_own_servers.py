"""The servers of `mcp_servers/` as processes behind the registry: found, called, and judged as what they say."""

import asyncio
from pathlib import Path

import pytest

from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig
from sentinel.tools.outcome import Cause
from tests.integration.tools.running import BOUND, own, running


async def test_every_server_that_needs_something_starts_with_it(tmp_path: Path) -> None:
    """Their tools are read-only because they are trusted; each answers in its own process."""
    (tmp_path / "note.txt").write_text("a seam", encoding="utf-8")
    servers = {
        "calculator_backup": own("calculator_backup"),
        "http_fetch": own("http_fetch"),
        "files": own("files", FILES_ROOTS=str(tmp_path)),
        "tavily": own("web_search", "--engine", "tavily", "--url", "http://127.0.0.1:9", TAVILY_API_KEY="tvly-none"),
    }
    async with running(servers) as tools:
        specs = tools.registry.tools()
        assert {spec.effect for spec in specs} == {Effect.READ_ONLY}
        assert [spec.name for spec in specs if spec.server == "files"] == [
            "files__list",
            "files__read",
            "files__search",
        ]
        assert len(specs) == 6
        assert (await tools.call("calculator_backup__calc", expr="2**64")).text == str(2**64)
        assert (await tools.call("files__read", path="note.txt")).text == "a seam"
        assert "note.txt:1" in (await tools.call("files__search", query="SEAM")).text
        for outcome, reason in (
            (await tools.call("files__read", path="../secret"), "would leave the folder"),
            (await tools.call("http_fetch__fetch", url="http://127.0.0.1:9/"), "not a public address"),
            (await tools.call("tavily__search", query="x"), "Tavily cannot be reached"),
        ):
            assert (outcome.cause, outcome.executed) == (Cause.TOOL_ERROR, "yes")
            assert reason in outcome.text


async def test_a_search_engine_that_is_down_is_replaced_by_the_documentation() -> None:
    """It says in words that it does not work; the capability takes that for a reason to ask the next one."""
    engine = own("web_search", "--url", "http://127.0.0.1:9")
    members = (MemberConfig(server="searxng", tool="search"), MemberConfig(server="knowledge", tool="search"))
    capability = CapabilityConfig(members=members, fallback_on_error=True)
    async with running(
        {"searxng": engine, "knowledge": own("knowledge")}, capabilities={"web_search": capability}
    ) as tools:
        outcome = await tools.router.call("web_search", {"query": "circuit breaker"})
        assert (outcome.cause, outcome.server, outcome.fallback_used) == (None, "knowledge", True)


async def test_a_part_of_a_result_is_the_whole_result() -> None:
    """Nothing else of what the tool gave goes with it."""
    member = MemberConfig(server="calculator", tool="evaluate", result="result")
    async with running(
        {"calculator": own("calculator")}, capabilities={"calculate": CapabilityConfig(members=(member,))}
    ) as tools:
        outcome = await tools.router.call("calculate", {"expression": "6 * 7"})
        assert (outcome.text, outcome.structured, outcome.content) == ("42", {"result": "42"}, ())


@pytest.mark.parametrize(("module", "reason"), [("files", "give at least one --root"), ("web_search", "SEARXNG_URL")])
async def test_a_server_without_what_it_needs_says_so(module: str, reason: str) -> None:
    """Its last words are what an operator sees."""
    async with running({"one": own(module)}) as tools:
        async with asyncio.timeout(BOUND):
            while reason not in tools.error("one"):
                await asyncio.sleep(0.02)
