"""A small load balancer: `python -m scripts.cluster.proxy --port PORT BACKEND_PORT…` on loopback.

Round-robin over the replicas that say they are ready. What nobody has got yet goes to another replica when one cannot
be reached; what has been sent is never sent again, since only its sender knows whether that is safe. Bytes are passed
on as they come, streams too; a connection carries one exchange.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from scripts.dev_proxy import pump, single_exchange

CHECK_EVERY_SECONDS = 0.5
_CHECK_SECONDS = 1.0
_CONNECT_SECONDS = 1.0
_LONGEST_HEAD = 65_536
_PROBE = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 26\r\nRetry-After: 1\r\n"
    b"Connection: close\r\n\r\nno replica can be reached\n"
)


@dataclass
class Replica:
    """One server behind the proxy, and whether it said that it is ready when it was last asked."""

    port: int
    is_ready: bool = True

    async def check(self) -> None:
        """Ask it; one that does not answer in time is not ready."""
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                with contextlib.closing(writer):
                    writer.write(_PROBE)
                    self.is_ready = b" 200 " in await reader.readline()
        except (OSError, TimeoutError):
            self.is_ready = False


class Proxy:
    """Passes each connection on to one of several replicas."""

    def __init__(self, ports: Sequence[int]) -> None:
        """`ports` are those of the replicas, on loopback."""
        self.replicas = [Replica(port) for port in ports]
        self._turns = cycle(range(len(ports)))

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on a loopback port."""
        return await asyncio.start_server(self._exchange, "127.0.0.1", port, limit=_LONGEST_HEAD)

    async def keep_checking(self) -> None:
        """Ask all replicas again and again whether they are ready."""
        while True:
            await asyncio.gather(*(replica.check() for replica in self.replicas))
            await asyncio.sleep(CHECK_EVERY_SECONDS)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            reached = await self._reach()
            if reached is None:
                writer.write(_NOBODY)
            else:
                reached[1].write(single_exchange(head))
                await _both_ways((reader, writer), reached)
        writer.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connect to the next replica in turn, or to the one after it; those that are not ready are tried last."""
        for replica in self._in_turn():
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection("127.0.0.1", replica.port)
            except (OSError, TimeoutError):
                replica.is_ready = False
        return None

    def _in_turn(self) -> list[Replica]:
        first = next(self._turns)
        ordered = [*self.replicas[first:], *self.replicas[:first]]
        return sorted(ordered, key=lambda replica: not replica.is_ready)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(caller: Connection, replica: Connection) -> None:
    """Pass on until either side is gone, so that a replica knows at once of a caller that went away."""
    ways = [asyncio.ensure_future(pump(caller[0], replica[1])), asyncio.ensure_future(pump(replica[0], caller[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        replica[1].close()


async def _serve(port: int, replicas: Sequence[int]) -> None:
    proxy = Proxy(replicas)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    checking = asyncio.create_task(proxy.keep_checking())
    server = await proxy.serve(port)
    await stop.wait()
    server.close()
    checking.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m scripts.cluster.proxy", description="A small load balancer.")
    parser.add_argument("--port", type=int, required=True, help="where to listen, on loopback")
    parser.add_argument("replicas", type=int, nargs="+", help="the ports of the replicas, on loopback")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options.port, options.replicas))
    return 0


if __name__ == "__main__":
    sys.exit(main())
