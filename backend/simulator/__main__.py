"""`python -m simulator`: serves until a signal or the end of standard input, and says on one line where."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import orjson

from simulator.faulting.effects import Pace
from simulator.server import Simulator, SimulatorOptions
from simulator.transport.listener import CannotListenError

_MAX_PORT = 65535
_READ_BYTES = 4096


def build_parser() -> argparse.ArgumentParser:
    """Return the command line of the simulator."""
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated OpenAI and Ollama servers on loopback.")
    parser.add_argument("--openai-port", type=_port, default=0, help="port of the OpenAI wire; 0 = any free one")
    parser.add_argument("--ollama-port", type=_port, default=0, help="port of the Ollama wire; 0 = any free one")
    parser.add_argument(
        "--words-per-second", type=_amount, default=40.0, help="pace of the answers; 0 = as fast as possible"
    )
    parser.add_argument("--first-token-delay-seconds", type=_amount, default=0.0, help="silence before the first word")
    parser.add_argument("--seed", type=int, default=0, help="seed for identifiers, and for faults with a percentage")
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator; return its exit code."""
    options = build_parser().parse_args(arguments)
    pace = Pace(options.words_per_second, options.first_token_delay_seconds)
    simulator = Simulator(SimulatorOptions(options.openai_port, options.ollama_port, pace, options.seed))
    try:
        asyncio.run(_serve(simulator, exits_with_stdin=options.exit_with_stdin))
    except CannotListenError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


async def _serve(simulator: Simulator, *, exits_with_stdin: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if exits_with_stdin:
        _call_when_stdin_ends(lambda: loop.call_soon_threadsafe(stop.set))
    async with simulator.running():
        _say_where(simulator)
        await stop.wait()


def _say_where(simulator: Simulator) -> None:
    ready = {
        "openai_base_url": simulator.openai_base_url,
        "ollama_base_url": simulator.ollama_base_url,
        "control_urls": simulator.control_urls,
    }
    sys.stdout.write(orjson.dumps(ready).decode() + "\n")
    sys.stdout.flush()


def _call_when_stdin_ends(callback: Callable[[], object]) -> None:
    """Watch standard input in a thread: it may be a pipe, a terminal or a file, and a loop cannot watch all three."""

    def watch() -> None:
        while os.read(0, _READ_BYTES):
            pass
        callback()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _MAX_PORT:
        message = f"{text} is no port: from 0 to {_MAX_PORT}"
        raise argparse.ArgumentTypeError(message)
    return port


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < float("inf"):
        message = f"{text} is not 0 or more"
        raise argparse.ArgumentTypeError(message)
    return amount


if __name__ == "__main__":
    sys.exit(main())
