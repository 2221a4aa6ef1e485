"""Fetching over real sockets: pages become text, and no address, redirect or name leads where it must not."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from mcp_servers.http_fetch import MAX_CHARACTERS, Fetcher, FetchError, build_server, parser
from mcp_servers.public_addresses import Gatekeeper
from tests.support.certificates import self_signed
from tests.support.scripted_server import ScriptedServer, answer
from tests.wire.mcp_servers.pages import Site, html, redirect

LOOPBACK = Gatekeeper([ipaddress.ip_network("127.0.0.1")])


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site({"/": html("<title>Hi</title><p>Hello <a href='/more'>more</a></p>")})
    async with made.running():
        yield made


async def reason(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url)
    return str(caught.value)


async def test_a_page_is_fetched_as_text(site: Site) -> None:
    """Through the protocol, with where it is from; nothing of ours is told to the site."""
    async with Client(build_server(Fetcher(LOOPBACK))) as client:
        result = await client.call_tool("fetch", {"url": f"{site.url}/#part"})
        tools = (await client.list_tools()).tools
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text == f"URL: {site.url}/\nTitle: Hi\n\nHello more ({site.url}/more)"
    request = site.asked[0].lower()
    assert b"accept-encoding: identity" in request
    assert b"cookie" not in request
    assert tools[0].annotations is not None
    assert tools[0].annotations.read_only_hint
    assert tools[0].annotations.open_world_hint


async def test_a_page_of_this_machine_is_not_fetched(site: Site) -> None:
    """Not by number, by name, or in IPv6; the site never hears of it."""
    fetcher = Fetcher(Gatekeeper())
    for host in ("127.0.0.1", "localhost", "127\u30020\u30020\u30021", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"):
        assert "not a public address" in await reason(fetcher, f"http://{host}:{site.port}/")
    assert site.asked == []


async def test_a_name_that_changes_its_address_gains_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: the name leads to an allowed address when it is first asked for, and to another one a moment later."""
    loop = asyncio.get_running_loop()
    real, answers = loop.getaddrinfo, iter(["127.0.0.1", "127.0.0.2"])

    async def rebinding(host: Any, port: Any, **options: Any) -> Any:
        return await real(next(answers) if host == "rebind.test" else host, port, **options)

    monkeypatch.setattr(loop, "getaddrinfo", rebinding)
    site.add("/first", redirect(f"http://rebind.test:{site.port}/"))
    assert "127.0.0.2 is not a public" in await reason(Fetcher(LOOPBACK), f"http://rebind.test:{site.port}/first")
    assert len(site.asked) == 1


async def test_a_redirect_is_followed_only_where_a_fetch_may_go(site: Site) -> None:
    """Every hop is checked like the first."""
    site.add("/hop", redirect("/"))
    site.add("/round", redirect("/round"))
    site.add("/metadata", redirect("http://169.254.169.254/latest/meta-data/"))
    site.add("/private", redirect("http://10.0.0.1/", 308))
    site.add("/v6", redirect(f"http://[::1]:{site.port}/"))
    site.add("/file", redirect("file:///etc/passwd"))
    site.add("/octal", redirect("http://0177.0.0.1/"))
    site.add("/login", redirect("http://me:word@example.com/"))
    fetcher = Fetcher(LOOPBACK)
    assert (await fetcher.fetch(f"{site.url}/hop")).url == f"{site.url}/"
    assert "redirects" in await reason(fetcher, f"{site.url}/round")
    assert "169.254.169.254 is not a public" in await reason(fetcher, f"{site.url}/metadata")
    assert "10.0.0.1 is not a public" in await reason(fetcher, f"{site.url}/private")
    assert "::1 is not a public" in await reason(fetcher, f"{site.url}/v6")
    assert "not an http or https URL" in await reason(fetcher, f"{site.url}/file")
    assert "plain notation" in await reason(fetcher, f"{site.url}/octal")
    assert "user name" in await reason(fetcher, f"{site.url}/login")


async def test_a_proxy_of_the_environment_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would connect for us, to what nobody checked."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, site.url)
    assert "not a public address" in await reason(Fetcher(Gatekeeper()), "http://127.0.0.1:9/")
    assert site.asked == []


async def test_what_is_no_text_is_refused(site: Site) -> None:
    """With its type; so is an error page, with its status."""
    site.add("/picture", answer(200, b"\x89PNG", {"content-type": "image/png"}))
    site.add("/packed", html("x", **{"content-encoding": "gzip"}))
    site.add("/gone", answer(404, b"<p>gone</p>"))
    fetcher = Fetcher(LOOPBACK)
    assert "'image/png', which is no text" in await reason(fetcher, f"{site.url}/picture")
    assert "came compressed" in await reason(fetcher, f"{site.url}/packed")
    assert "answered 404" in await reason(fetcher, f"{site.url}/gone")


async def test_other_texts_come_as_they_are(site: Site) -> None:
    """JSON, plain text, and text in an encoding that nobody knows."""
    site.add("/json", answer(200, {"a": 1}))
    site.add("/latin", answer(200, "gr\u00fcn".encode("latin-1"), {"content-type": "text/plain; charset=latin-1"}))
    site.add("/odd", answer(200, b"fine", {"content-type": "text/plain; charset=klingon"}))
    site.add("/hex", answer(200, b"fine", {"content-type": "text/plain; charset=hex"}))
    fetcher = Fetcher(LOOPBACK)
    assert (await fetcher.fetch(f"{site.url}/json")).text == '{"a":1}'
    assert (await fetcher.fetch(f"{site.url}/latin")).text == "gr\u00fcn"
    assert (await fetcher.fetch(f"{site.url}/odd")).text == "fine"
    assert (await fetcher.fetch(f"{site.url}/hex")).text == "fine"


async def test_a_page_without_end_is_cut_at_the_cap(site: Site) -> None:
    """The rest is left with the server."""
    site.add("/long", answer(200, b"x" * 300_000, {"content-type": "text/plain"}))
    page = await Fetcher(LOOPBACK, most_bytes=100_000).fetch(f"{site.url}/long")
    assert len(page.text) == 100_000


async def test_a_long_page_is_read_in_parts(site: Site) -> None:
    """Each part says where the next one begins."""
    site.add("/long", answer(200, b"x" * (MAX_CHARACTERS + 5), {"content-type": "text/plain"}))
    async with Client(build_server(Fetcher(LOOPBACK))) as client:
        first = await client.call_tool("fetch", {"url": f"{site.url}/long"})
        last = await client.call_tool("fetch", {"url": f"{site.url}/long", "start": MAX_CHARACTERS})
        beyond = await client.call_tool("fetch", {"url": f"{site.url}/long", "start": 99_999})
    assert isinstance(first.content[0], TextContent)
    assert isinstance(last.content[0], TextContent)
    assert first.content[0].text.endswith(f"[cut: go on with start={MAX_CHARACTERS}; 5 more characters]")
    assert last.content[0].text.endswith("\n\nxxxxx")
    assert beyond.is_error


async def test_a_server_that_does_not_answer_costs_a_bounded_time(site: Site) -> None:
    """The limit is for the whole fetch."""
    assert "did not answer within 0.2 s" in await reason(Fetcher(LOOPBACK, seconds=0.2), f"{site.url}/silent")


async def test_nobody_there_and_nonsense_are_told_apart(site: Site) -> None:
    """Each in words, without the client's own error text."""
    site.add("/nonsense", b"this is no HTTP\r\n\r\n")
    site.add("/cut", b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 50\r\n\r\nshort")
    fetcher = Fetcher(LOOPBACK)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert "no connection" in await reason(fetcher, f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert "did not answer as a web server does" in await reason(fetcher, f"{site.url}/nonsense")
    assert "did not answer as" in await reason(fetcher, f"{site.url}/cut")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """There is no option to trust it all the same."""
    async with ScriptedServer(html("x"), tls=self_signed(tmp_path)).running() as server:
        assert "no certificate" in await reason(Fetcher(LOOPBACK), f"https://127.0.0.1:{server.port}/")


def test_the_command_line_names_networks() -> None:
    """A word that is none is refused at the start."""
    assert parser().parse_args(["--allow", "10.0.0.0/8"]).allow == [ipaddress.ip_network("10.0.0.0/8")]
    with pytest.raises(SystemExit):
        parser().parse_args(["--allow", "localhost"])
