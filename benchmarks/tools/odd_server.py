"""A stdio MCP server on the standard library alone: slow to begin if told to, and hostile in what it answers.

`python -m benchmarks.tools.odd_server --wait 1`
"""

import argparse
import json
import sys
import threading
from collections.abc import Callable
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


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before the first answer")
    threading.Event().wait(parser.parse_args().wait)
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            result = result_of(request)
            unknown = {"error": {"code": -32601, "message": "unknown method"}}
            send({"id": request["id"], **(unknown if result is None else {"result": result})})


if __name__ == "__main__":
    main()
