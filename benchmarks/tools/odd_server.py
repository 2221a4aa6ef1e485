"""An MCP server on the standard library alone: slow to greet if told to, and hostile in what it answers.

`python -m benchmarks.tools.odd_server`, or `--http --wait 1`, which prints its port and greets each session after a
second, all of them at once.
"""

import argparse
import json
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

LONG_LINE = 20_000_000
STDERR_BYTES = 64_000_000
TRAP = "^(a+)+$"
BAIT = "a" * 32 + "!"
"""What makes a naive check of the pattern above try two to the power of its length."""

_SCHEMA: Json = {"type": "object"}
_TRAPPED: Json = {"type": "object", "properties": {"text": {"type": "string", "pattern": TRAP}}, "required": ["text"]}


def send(message: Json) -> None:
    """Write one message."""
    sys.stdout.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
    sys.stdout.flush()


def text(value: str) -> Json:
    """Make a result of one text."""
    return {"content": [{"type": "text", "text": value}]}


def echo() -> Json:
    """Behave."""
    return text("hello")


def long_line() -> Json:
    """Answer in one line of 20 MB."""
    return text("x" * LONG_LINE)


def flood() -> Json:
    """Write 64 MB to standard error, then answer."""
    block = "noise " * 10_000
    for _ in range(STDERR_BYTES // len(block)):
        sys.stderr.write(block)
    sys.stderr.flush()
    return text("done")


def trap() -> Json:
    """Answer what takes for ever to be held against this server's own schema."""
    return text("done") | {"structuredContent": {"text": BAIT}}


TOOLS: dict[str, Callable[[], Json]] = {"echo": echo, "long_line": long_line, "flood": flood, "trap": trap}


def listed(name: str) -> Json:
    """Describe a tool."""
    tool = {"name": name, "inputSchema": _SCHEMA, "annotations": {"readOnlyHint": True}}
    return tool | {"outputSchema": _TRAPPED} if name == "trap" else tool


def result_of(request: Json) -> Json | None:
    """Give what is answered; None for a method that there is not."""
    match request["method"]:
        case "initialize":
            about = {"name": "odd", "version": "1"}
            return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": about}
        case "tools/list":
            return {"tools": [listed(name) for name in TOOLS]}
        case "tools/call":
            return TOOLS[request["params"]["name"]]()
        case "ping":
            return {}
    return None


def reply_to(request: Json) -> Json:
    """Give the answer to a request."""
    result = result_of(request)
    unknown = {"error": {"code": -32601, "message": "unknown method"}}
    return {"id": request["id"], **(unknown if result is None else {"result": result})}


class Handler(BaseHTTPRequestHandler):
    """Answers each POST with JSON, and greets when it is ready to."""

    protocol_version = "HTTP/1.1"

    def __init__(self, wait_seconds: float, *arguments: Any) -> None:
        """Greet after that many seconds."""
        self._wait_seconds = wait_seconds
        super().__init__(*arguments)

    def do_POST(self) -> None:
        """Take one message."""
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if request["method"] == "initialize":
            threading.Event().wait(self._wait_seconds)
        body = json.dumps({"jsonrpc": "2.0"} | reply_to(request)).encode() if "id" in request else b""
        self._answer(HTTPStatus.OK if body else HTTPStatus.ACCEPTED, body)

    def do_GET(self) -> None:
        """Say that there is no event stream."""
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"")

    def do_DELETE(self) -> None:
        """Say that there is no session."""
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_http(wait_seconds: float) -> None:
    """Serve on loopback until killed."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, wait_seconds)) as server:
        sys.stdout.write(json.dumps({"port": server.server_port}) + "\n")
        sys.stdout.flush()
        server.serve_forever()


def main() -> None:
    """Serve until stdin ends, or over HTTP until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before each greeting over HTTP")
    options = parser.parse_args()
    if options.http:
        serve_http(options.wait)
        return
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            send(reply_to(request))


if __name__ == "__main__":
    main()
