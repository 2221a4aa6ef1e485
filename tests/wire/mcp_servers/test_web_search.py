"""Both search engines over real sockets: the question each is asked, and what is kept of what comes back."""

import argparse
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from mcp_servers.search_engines import MAX_SNIPPET, Engine, Searxng, Tavily
from mcp_servers.web_search import build_server, chosen_engine, parser
from tests.support.scripted_server import answer
from tests.wire.mcp_servers.pages import Site, redirect

KEY = "tvly-not-a-real-key"
FOUND = {
    "results": [
        {"title": "One\u202e", "url": "https://example.com/1", "content": "first\n\x1b[31m snippet", "score": 0.9},
        {"title": "Again", "url": "https://example.com/1", "content": "the same page"},
        {"title": "", "url": "https://example.com/2", "content": "y" * 2_000},
        {"title": "Script", "url": "javascript:alert(1)", "content": "no"},
        {"title": "Local", "url": "file:///etc/passwd", "content": "no"},
        {"title": "Broken", "url": "http://[::1", "content": "no"},
        {"title": "None", "url": None},
        "nonsense",
        {"title": "Three", "url": "https://example.com/3"},
    ]
}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site({"/search": answer(200, FOUND)})
    async with made.running():
        yield made


@pytest.fixture(params=["searxng", "tavily"])
def engine(request: pytest.FixtureRequest, site: Site) -> Engine:
    return Searxng(site.url) if request.param == "searxng" else Tavily(KEY, site.url)


async def asked(engine: Engine, query: str = "what is a seam", **arguments: object) -> CallToolResult:
    async with Client(build_server(engine)) as client:
        return await client.call_tool("search", {"query": query, **arguments})


def text_of(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def test_what_is_found_comes_clean_and_once(engine: Engine) -> None:
    """Usable addresses only, no characters that steer, snippets of bounded length; as text and as data."""
    result = await asked(engine)
    facts: Any = result.structured_content
    assert [each["url"] for each in facts["results"]] == [f"https://example.com/{number}" for number in (1, 2, 3)]
    assert facts["results"][0] == {"title": "One", "url": "https://example.com/1", "snippet": "first [31m snippet"}
    assert facts["results"][1]["title"] == "https://example.com/2"
    assert len(facts["results"][1]["snippet"]) == MAX_SNIPPET
    assert text_of(result).startswith("1. One\n   https://example.com/1\n   first")


async def test_a_limit_is_kept(engine: Engine) -> None:
    """Also by an engine that has none."""
    facts: Any = (await asked(engine, limit=1)).structured_content
    assert len(facts["results"]) == 1


async def test_each_engine_is_asked_in_its_own_way(site: Site) -> None:
    """SearXNG by address, Tavily with the key in a header and nowhere else."""
    await asked(Searxng(f"{site.url}/"), query="a b&c")
    assert site.asked[0].startswith(b"GET /search?q=a+b%26c&format=json")
    await asked(Tavily(KEY, site.url), limit=3)
    head, _, body = site.asked[1].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /search ")
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert json.loads(body) == {"query": "what is a seam", "max_results": 3, "search_depth": "basic"}


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (answer(401), "401: it refuses the key"),
        (answer(403), "is the format json switched on"),
        (answer(429), "too many requests"),
        (answer(500), "500: it does not work"),
        (answer(200, b"<html>"), "no list of results"),
        (answer(200, [1]), "no list of results"),
        (answer(200, {"results": 1}), "no list of results"),
        (answer(200, b"x" * 2_000_001), "more than 2000000 bytes"),
        (b"no HTTP\r\n\r\n", "cannot be reached"),
        (redirect("https://elsewhere.example/"), "no list of results"),
    ],
    ids=["key", "forbidden", "throttled", "error", "html", "list", "number", "huge", "nonsense", "redirect"],
)
async def test_an_engine_that_fails_is_an_error_with_its_reason(
    site: Site, engine: Engine, page: bytes, reason: str
) -> None:
    """Without the key, and without what the engine wrote."""
    site.add("/search", page)
    result = await asked(engine)
    assert result.is_error
    assert reason in text_of(result)
    assert KEY not in text_of(result)


async def test_nothing_found_is_an_answer(site: Site, engine: Engine) -> None:
    """No error: the engine did its work."""
    site.add("/search", answer(200, {"results": []}))
    result = await asked(engine)
    assert not result.is_error
    assert text_of(result) == "Nothing found for 'what is a seam'."


@pytest.mark.parametrize("query", ["", " ", "x" * 401])
async def test_a_query_that_is_no_use_is_not_sent(site: Site, engine: Engine, query: str) -> None:
    """It costs money at one of them."""
    assert (await asked(engine, query=query)).is_error
    assert site.asked == []


def options(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_an_engine_needs_its_address_or_its_key() -> None:
    """Both may come from the environment; the command line wins, and no key stands on it."""
    assert chosen_engine(options(), {"SEARXNG_URL": "http://s"}) == Searxng("http://s")
    assert chosen_engine(options("--url", "http://t"), {"SEARXNG_URL": "http://s"}) == Searxng("http://t")
    tavily = chosen_engine(options("--engine", "tavily"), {"TAVILY_API_KEY": KEY})
    assert tavily == Tavily(KEY)
    assert KEY not in repr(tavily)
    with pytest.raises(ValueError, match="SEARXNG_URL"):
        chosen_engine(options(), {})
    with pytest.raises(ValueError, match="TAVILY_API_KEY"):
        chosen_engine(options("--engine", "tavily"), {"SEARXNG_URL": "http://s"})
