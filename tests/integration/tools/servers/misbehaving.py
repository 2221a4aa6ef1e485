"""A stdio MCP server that does wrong what it is told to: by option from the start, by tool in a call.

Plain JSON-RPC on the standard library, so that it can break the protocol, and so that it starts fast.
"""

import argparse
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
HUGE = 20_000_000


def send(message: Json) -> None:
    """Write one message."""
    write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")


def write(text: str) -> None:
    """Write anything."""
    sys.stdout.write(text)
    sys.stdout.flush()


def text(value: str) -> Json:
    """A result with one text."""
    return {"content": [{"type": "text", "text": value}], "resultType": "complete"}


def answer(request: Json, value: str) -> None:
    """Answer a call."""
    send({"id": request["id"], "result": text(value)})


# Tools ----------------------------------------------------------------------------------------------------------------


def echo(request: Json, arguments: Json) -> None:
    """Behave."""
    answer(request, str(arguments.get("text", "")))


def process(request: Json, _arguments: Json) -> None:
    """Tell what kind of process this is."""
    facts = {"pid": os.getpid(), "group": os.getpgrp(), "environment": dict(os.environ), "folder": str(Path.cwd())}
    answer(request, json.dumps(facts))


def hang(_request: Json, _arguments: Json) -> None:
    """Never answer; everything else goes on."""


def freeze(_request: Json, _arguments: Json) -> None:
    """Stop the whole process, as a debugger or a full disk would."""
    os.kill(os.getpid(), signal.SIGSTOP)


def die(_request: Json, _arguments: Json) -> None:
    """End in the middle of the call."""
    sys.stderr.write("fatal: out of luck\n")
    sys.stderr.flush()
    os._exit(3)


def garbage(_request: Json, _arguments: Json) -> None:
    """Print instead of answering."""
    write("Traceback (most recent call last):\n\x00\xff{{{\n")


def garbage_and_answer(request: Json, arguments: Json) -> None:
    """Print, and answer too."""
    write("DEBUG: looking for an answer\n")
    echo(request, arguments)


def null_result(request: Json, _arguments: Json) -> None:
    """Answer with nothing."""
    write(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": None}) + "\n")


def wrong_id(_request: Json, _arguments: Json) -> None:
    """Answer a question that nobody asked."""
    send({"id": 987_654, "result": text("who asked?")})


def huge(request: Json, _arguments: Json) -> None:
    """Answer with one line of 20 MB."""
    answer(request, "x" * HUGE)


def huge_with_the_id_last(request: Json, _arguments: Json) -> None:
    """The same in the order in which other languages write it."""
    write(json.dumps({"result": text("x" * HUGE), "jsonrpc": "2.0", "id": request["id"]}) + "\n")


def endless(_request: Json, _arguments: Json) -> None:
    """Answer with a line that has no end."""
    while True:
        write("x" * 65_536)


def crowd(request: Json, arguments: Json) -> None:
    """Answer with so many objects, in 1.5 MB, or others."""
    others: Json = {"numbers": 0.125, "lists": []}
    value = others.get(arguments.get("of", ""))
    records = [{f"key{number}": number} if value is None else value for number in range(int(arguments["count"]))]
    send({"id": request["id"], "result": text("many") | {"structuredContent": {"records": records}}})


def flood_stderr(request: Json, arguments: Json) -> None:
    """Write 5 MB to stderr, then answer."""
    sys.stderr.write("noise " * 900_000)
    sys.stderr.flush()
    echo(request, arguments)


def flood_stdout(request: Json, arguments: Json) -> None:
    """Write 1 MB of lines that are no messages, then answer."""
    write('DEBUG: noise {"id": 1}\n' * 45_000)
    echo(request, arguments)


def flood_lines(request: Json, arguments: Json) -> None:
    """Write 150,000 lines that are as short as can be, then answer."""
    write(f"{arguments['line']}\n" * 150_000)
    echo(request, arguments)


def flood_progress(request: Json, arguments: Json) -> None:
    """Report 5,000 steps, then answer."""
    token = request["params"]["_meta"]["progressToken"]
    for progress in range(5_000):
        send({"method": "notifications/progress", "params": {"progressToken": token, "progress": progress}})
    echo(request, arguments)


def step_by_step(request: Json, arguments: Json) -> None:
    """Take so many steps of so many seconds, and report each."""
    token = request["params"]["_meta"]["progressToken"]
    pause = threading.Event()
    for progress in range(1, arguments["steps"] + 1):
        pause.wait(arguments["seconds"])
        send({"method": "notifications/progress", "params": {"progressToken": token, "progress": progress}})
    answer(request, "done")


def ask(request: Json, _arguments: Json) -> None:
    """Stop to ask a person, as either era does it."""
    schema = {"type": "object", "properties": {"account": {"type": "string"}}}
    question = {"method": "elicitation/create", "params": {"message": "Which account?", "requestedSchema": schema}}
    if "io.modelcontextprotocol/protocolVersion" in request["params"].get("_meta", {}):
        asked = {"resultType": "input_required", "requestState": "s", "inputRequests": {"q": question}}
        send({"id": request["id"], "result": asked})
        return
    send({"id": "question"} | question)
    reply = json.loads(sys.stdin.readline())
    told = "I was told" if "result" in reply else "I could not ask"
    send({"id": request["id"], "result": text(told) | {"isError": True}})


def promise(request: Json, arguments: Json) -> None:
    """Give what the promised pattern (see `lists`) takes exponential time to refuse."""
    send({"id": request["id"], "result": text("") | {"structuredContent": {"text": "a" * 40 + "!"}}})


def go_deaf(request: Json, arguments: Json) -> None:
    """Answer, and never read again."""
    echo(request, arguments)
    os.close(0)
    threading.Event().wait()


def spawn(request: Json, _arguments: Json) -> None:
    """Leave behind a child, one with a session of its own, and one whose parent is gone; tell who they are."""
    asleep = ["sleep", "600"]
    child = subprocess.Popen(asleep, stdin=subprocess.DEVNULL)
    detached = subprocess.Popen(asleep, stdin=subprocess.DEVNULL, start_new_session=True)
    script = "setsid sleep 600 >/dev/null 2>&1 & echo $!"
    orphan = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    answer(request, json.dumps([child.pid, detached.pid, int(orphan.stdout)]))


def fails(request: Json, _arguments: Json) -> None:
    """Answer with an error of the server."""
    send({"id": request["id"], "error": {"code": -32603, "message": "internal"}})


def count() -> None:
    """Do something that must not be done twice."""
    with Path(os.environ["COUNT_FILE"]).open("a") as file:
        file.write("x")


def count_and_die(request: Json, arguments: Json) -> None:
    """Act, and end without a word."""
    count()
    die(request, arguments)


def count_and_hang(_request: Json, _arguments: Json) -> None:
    """Act, and never answer."""
    count()


def count_and_rest(request: Json, arguments: Json) -> None:
    """Act, and answer after so many seconds."""
    count()
    threading.Event().wait(arguments["seconds"])
    answer(request, "done")


def count_and_fail(request: Json, arguments: Json) -> None:
    """Act, and answer with an error."""
    count()
    fails(request, arguments)


def count_and_babble(request: Json, arguments: Json) -> None:
    """Act, and answer with what is no result."""
    count()
    null_result(request, arguments)


def count_and_mislead(request: Json, _arguments: Json) -> None:
    """Act, and answer with an error that sounds like a forgotten session."""
    count()
    send({"id": request["id"], "error": {"code": -32603, "message": "browser session not found after click"}})


def count_and_forge(request: Json, _arguments: Json) -> None:
    """Act, and answer with an error that looks like one that the client makes of a forgotten session."""
    count()
    data = {"sentinel": True, "cause": "session_expired", "executed": "no", "retry_after_seconds": None}
    send({"id": request["id"], "error": {"code": -32603, "message": "x", "data": data}})


def count_and_deny(request: Json, _arguments: Json) -> None:
    """Act, and say that there are no calls here."""
    count()
    send({"id": request["id"], "error": {"code": -32601, "message": "downstream method not found"}})


def count_and_refuse(request: Json, _arguments: Json) -> None:
    """Act, and then find fault with the arguments."""
    count()
    send({"id": request["id"], "error": {"code": -32602, "message": "booked, but the receipt's address is invalid"}})


def steady(request: Json, arguments: Json) -> None:
    """Note the call; fail while that is wanted, hang if asked to."""
    with Path(os.environ["COUNT_FILE"]).open("a") as file:
        file.write("c" if arguments.get("canary") else "x")
    if Path(os.environ["ILL_FILE"]).exists():
        fails(request, arguments)
    elif not arguments.get("hang"):
        answer(request, "well")


def counted(request: Json, _arguments: Json) -> None:
    """Say how often something was done."""
    answer(request, str(Path(os.environ["COUNT_FILE"]).stat().st_size))


TOOLS: tuple[Callable[[Json, Json], None], ...] = (
    echo,
    process,
    hang,
    freeze,
    die,
    garbage,
    garbage_and_answer,
    null_result,
    wrong_id,
    huge,
    huge_with_the_id_last,
    endless,
    crowd,
    flood_stderr,
    flood_stdout,
    flood_lines,
    flood_progress,
    step_by_step,
    ask,
    promise,
    go_deaf,
    spawn,
    fails,
    count_and_die,
    count_and_hang,
    count_and_rest,
    count_and_fail,
    count_and_babble,
    count_and_mislead,
    count_and_forge,
    count_and_deny,
    count_and_refuse,
    steady,
    counted,
)


# The protocol ---------------------------------------------------------------------------------------------------------


def discover(request: Json, options: argparse.Namespace) -> None:
    """Open a session of the modern era, or say that this server knows only the old one."""
    if options.legacy:
        send({"id": request["id"], "error": {"code": -32601, "message": "unknown method"}})
        return
    versions = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "public"}
    send({"id": request["id"], "result": versions | {"resultType": "complete"}})


def initialize(request: Json, options: argparse.Namespace) -> None:
    """Open a session of the old era."""
    info = {"name": "m", "version": "1"}
    about = {"protocolVersion": options.version, "capabilities": {"tools": {}}, "serverInfo": info}
    send({"id": request["id"], "result": about})


def list_tools(request: Json, options: argparse.Namespace) -> None:
    """List what there is."""
    if options.lists:
        hostile_page = runpy.run_path(str(Path(__file__).with_name("hostile_lists.py")))["hostile_page"]
        page = hostile_page(options.lists, request.get("params", {}).get("cursor"))
        send({"id": request["id"], "result": page})
        return
    if options.lies:
        send({"id": request["id"], "result": {"tools": "plenty"}})
        return
    described = Path(os.environ.get("DESCRIPTION_FILE", "/nowhere"))
    tools: list[Json] = [{"name": tool.__name__, "inputSchema": {"type": "object"}} for tool in TOOLS]
    if described.exists():
        tools[0]["description"], more = described.read_text().split("|")
        tools += [{"name": name, "inputSchema": {"type": "object"}} for name in more.split()]
    listed = {"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "public"}
    send({"id": request["id"], "result": listed})


def call(request: Json, _options: argparse.Namespace) -> None:
    """Call a tool."""
    name, arguments = request["params"]["name"], request["params"].get("arguments") or {}
    next(tool for tool in TOOLS if tool.__name__ == name)(request, arguments)


METHODS: dict[str, Callable[[Json, argparse.Namespace], None]] = {
    "server/discover": discover,
    "initialize": initialize,
    "tools/list": list_tools,
    "tools/call": call,
}


def meet(folder: Path, count: int) -> None:
    """Wait until so many servers have started: those that are started one after the other never meet."""
    (folder / str(os.getpid())).touch()
    arrived = threading.Event()
    while len(list(folder.iterdir())) < count:
        arrived.wait(0.01)


def parse_options() -> argparse.Namespace:
    """Read how to misbehave."""
    parser = argparse.ArgumentParser()
    for flag in ("legacy", "silent", "lies", "banner", "stubborn"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--meet", type=Path)
    parser.add_argument("--count", type=int, default=2)
    parser.add_argument("--lists")
    parser.add_argument("--version", default="2025-06-18")
    return parser.parse_args()


def main() -> None:
    """Serve until stdin ends, or for ever if stubborn."""
    options = parse_options()
    if options.meet:
        meet(options.meet, options.count)
    if options.banner:
        write("Welcome to the server!\n{not json}\n\n")
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request and not options.silent:
            METHODS[request["method"]](request, options)
    while options.stubborn:
        signal.pause()


if __name__ == "__main__":
    main()
