"""A stdio MCP server whose tool changes something: it notes every execution, by key, in a file that all share.

`python counting_server.py FILE`. Plain JSON-RPC on the standard library, so that it starts fast. A note is on the disk
before the tool goes on, so that a kill in mid-call leaves it behind.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

Json = dict[str, Any]

TOOLS: list[Json] = [
    {
        "name": "book",
        "description": "Book something once. The key names the booking.",
        "inputSchema": {
            "type": "object",
            "properties": {"key": {"type": "string"}, "seconds": {"type": "number"}},
            "required": ["key"],
        },
    }
]


def main() -> None:
    """Serve until stdin ends; calls run at once, each in a thread."""
    notes = os.open(Path(sys.argv[1]), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    lock = threading.Lock()
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("method") == "tools/call":
            threading.Thread(target=call, args=(request, notes, lock), daemon=True).start()
        elif "id" in request:
            send(reply(request), lock)


def call(request: Json, notes: int, lock: threading.Lock) -> None:
    """Note the execution, take the time that was asked for, and answer."""
    arguments = request["params"].get("arguments") or {}
    os.write(notes, f"{arguments['key']}\n".encode())
    threading.Event().wait(float(arguments.get("seconds", 0)))
    text = {"type": "text", "text": f"booked {arguments['key']}"}
    send({"id": request["id"], "result": {"content": [text], "resultType": "complete"}}, lock)


def reply(request: Json) -> Json:
    """Answer what opens a session, and what asks for the tools."""
    if request["method"] == "server/discover":
        offer: Json = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
    elif request["method"] == "tools/list":
        offer = {"tools": TOOLS}
    else:
        return {"id": request["id"], "error": {"code": -32601, "message": "unknown method"}}
    return {"id": request["id"], "result": offer | {"ttlMs": 0, "cacheScope": "public", "resultType": "complete"}}


def send(message: Json, lock: threading.Lock) -> None:
    """Write one message."""
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
