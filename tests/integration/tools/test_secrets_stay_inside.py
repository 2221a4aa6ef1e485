"""Servers know the secrets that they are given, and say them again: nobody else gets to read them."""

import asyncio
import json

import httpx

from sentinel.redaction import Redactor
from sentinel.tools.config import ServerConfig
from tests.integration.tools.http_peer import Exchange, http_peer
from tests.integration.tools.running import running
from tests.support.server import Serve

TOKEN, PHRASE = "zq7hunterzq7hunter", "correct horse battery"
DIES = "import os, sys; sys.exit('cannot log in with ' + os.environ['SERVICE_PASSPHRASE'])"


async def echoes(exchange: Exchange) -> None:
    """Say what we were sent, as an error of the protocol, as one of HTTP, or as the tool's own words."""
    said, how = f"denied for {exchange.headers['authorization']}", exchange.message["params"]["arguments"]["text"]
    error = {"jsonrpc": "2.0", "id": exchange.message["id"], "error": {"code": -32603, "message": said}}
    if how == "words":
        content = [{"type": "text", "text": said}]
        await exchange.result({"content": content, "isError": True, "resultType": "complete"})
    else:
        await exchange.respond(error, status="200 OK" if how == "error" else "400 Bad Request")


async def test_no_result_and_no_error_of_a_server_has_our_token() -> None:
    async with http_peer(on_call=echoes) as peer:
        config = ServerConfig(url=peer.url, headers={"Authorization": f"Bearer {TOKEN}"}, trusted=True)
        async with running({"web": config}, redactor=Redactor([TOKEN])) as tools:
            for how in ("words", "error", "status"):
                outcome = await tools.call("web__echo", text=how)
                assert "denied for" in f"{outcome.text} {outcome.detail}"
                assert TOKEN not in repr(outcome)


async def test_no_secret_is_in_the_log_or_in_an_answer_of_the_api(serve: Serve) -> None:
    """Of a process that says it and dies, and of an address that says it and refuses."""

    async def refuses(exchange: Exchange) -> None:
        error = {"code": -32600, "message": f"bad key {exchange.headers['authorization'].split()[-1]}"}
        await exchange.respond({"jsonrpc": "2.0", "id": exchange.message.get("id"), "error": error}, status="400 No")

    async with http_peer(on_any=refuses) as peer:
        servers = {
            "dying": {"command": "python", "args": ["-c", DIES], "env": {"SERVICE_PASSPHRASE": PHRASE}},
            "refusing": {"url": peer.url, "headers": {"Authorization": f"Bearer {TOKEN}"}},
        }
        server = await serve(config=json.dumps({"mcpServers": servers}), awaits_tools=False)
        async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http, asyncio.timeout(20):
            while "cannot log in" not in (shown := (await http.get("/api/tools")).text) or "bad key" not in shown:
                await asyncio.sleep(0.05)
            shown += (await http.get("/api/incidents")).text
    assert "cannot log in with ***" in server.log
    assert PHRASE not in shown + server.log
    assert TOKEN not in shown + server.log
