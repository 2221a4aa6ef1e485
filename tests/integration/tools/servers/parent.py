"""A program that owns a tool server, has it start more, tells the process ids of all, and then waits to be killed."""

import asyncio
import json
import os
import sys

from sentinel.clock import SystemClock
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.config import ServerConfig, ToolsConfig
from sentinel.tools.routing.registry import ToolRegistry


async def main() -> None:
    """Start the command given and print who there is."""
    servers = {"one": ServerConfig(command=sys.argv[1], args=tuple(sys.argv[2:]))}
    clock = SystemClock()
    registry = ToolRegistry(
        ToolsConfig(servers=servers),
        clock=clock,
        rng=lambda: 0.5,
        board=BreakerBoard(clock),
        environment=dict(os.environ),
    )
    async with registry:
        await registry.settled()
        spawn = registry.find("one__spawn")
        assert spawn is not None
        spawned = json.loads((await registry.call_tool(spawn, {})).text)
        sys.stdout.write(f"{json.dumps([registry.supervisor('one').status().pid, *spawned])}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
