"""Search engines over HTTP: how each is asked, and what is kept of an answer that somebody else wrote."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel

from mcp_servers.plain_text import one_line

TAVILY: Final = "https://api.tavily.com"
MAX_QUERY: Final = 400
MAX_RESULTS: Final = 10
MAX_BYTES: Final = 2_000_000
MAX_TITLE, MAX_SNIPPET, MAX_URL = 200, 600, 1_000
MAX_SECONDS: Final = 15.0
_FIRST_ERROR: Final = 400
_MEANINGS: Final = {
    401: "it refuses the key",
    403: "it refuses the request (SearXNG: is the format json switched on?)",
    429: "too many requests; try again later",
    432: "the plan's limit is used up",
    433: "the spending limit is used up",
}


class SearchError(Exception):
    """A search that could not be made; the message says why, without the key."""


class Result(BaseModel):
    """One page that was found."""

    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request to an engine's HTTP API."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Searxng:
    """A SearXNG instance whose `search.formats` has `json`."""

    url: str
    name: str = "SearXNG"

    def question(self, query: str, *, limit: int) -> Question:
        """SearXNG has no limit; what is too much is left out here."""
        return Question(method="GET", path="/search", query={"q": query, "format": "json", "safesearch": "1"})


@dataclass(frozen=True, slots=True)
class Tavily:
    """Tavily's search API."""

    key: str = field(repr=False)
    url: str = TAVILY
    name: str = "Tavily"

    def question(self, query: str, *, limit: int) -> Question:
        """The basic depth costs the least."""
        body = {"query": query, "max_results": limit, "search_depth": "basic"}
        return Question(method="POST", path="/search", body=body, headers={"Authorization": f"Bearer {self.key}"})


Engine: TypeAlias = Searxng | Tavily


async def search(engine: Engine, query: str, *, limit: int) -> list[Result]:
    """Ask an engine.

    Raises:
        SearchError: the query is no use, or the engine did not answer.
    """
    if not query.strip() or len(query) > MAX_QUERY:
        message = f"give a query of 1 to {MAX_QUERY} characters"
        raise SearchError(message)
    limit = max(1, min(limit, MAX_RESULTS))
    found = _parsed(await _asked(engine, engine.question(query.strip(), limit=limit)), engine)
    return list(_clean_results(found))[:limit]


async def _asked(engine: Engine, question: Question) -> bytes:
    timeout = aiohttp.ClientTimeout(total=MAX_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                question.method,
                engine.url.rstrip("/") + question.path,
                params=question.query,
                json=question.body,
                headers=question.headers,
                allow_redirects=False,  # the key goes to nobody else
            ) as response,
        ):
            return await _body(response, engine)
    except TimeoutError as exc:
        message = f"{engine.name} did not answer within {MAX_SECONDS:g} s"
        raise SearchError(message) from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        message = f"{engine.name} cannot be reached, or does not answer as a web server does"
        raise SearchError(message) from exc


async def _body(response: aiohttp.ClientResponse, engine: Engine) -> bytes:
    if response.status >= _FIRST_ERROR:
        meaning = _MEANINGS.get(response.status, "it does not work at the moment")
        message = f"{engine.name} answered {response.status}: {meaning}"
        raise SearchError(message)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            message = f"{engine.name} answered more than {MAX_BYTES} bytes"
            raise SearchError(message)
    return bytes(body)


def _parsed(body: bytes, engine: Engine) -> list[Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list):
        message = f"{engine.name} answered something that is no list of results"
        raise SearchError(message)
    return results


def _clean_results(found: Iterable[Any]) -> Iterable[Result]:
    """Keep what can be used: an http(s) address, once, with a title and a snippet on one line each."""
    seen = set()
    for each in found:
        if not isinstance(each, dict):
            continue
        url = one_line(str(each.get("url") or ""), most=MAX_URL + 1).replace(" ", "")
        if not _is_web_address(url) or url in seen:
            continue
        seen.add(url)
        title = one_line(str(each.get("title") or ""), most=MAX_TITLE) or url
        yield Result(title=title, url=url, snippet=one_line(str(each.get("content") or ""), most=MAX_SNIPPET))


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(url) <= MAX_URL
