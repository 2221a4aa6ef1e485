"""A wire between two machines: `python -m tests.cluster.wire --port PORT TARGET` on loopback.

Whatever harms a machine harms it as it does a network. Frozen, it is a network that is split: connections are accepted
by the system, and nobody ever answers. Killed, it breaks all connections.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from scripts.cluster.machines import Machine
from scripts.dev_proxy import pump
from tests.support.sources import ROOT


class Wire(Machine):
    """One wire to the server of an address."""

    def __init__(self, name: str, folder: Path, *, to: str) -> None:
        super().__init__(name, folder)
        self._address = urlsplit(to)

    @property
    def reached(self) -> str:
        """The address, by way of this wire."""
        who, at, _ = self._address.netloc.rpartition("@")
        return self._address._replace(netloc=f"{who}{at}127.0.0.1:{self.port}").geturl()

    def _command(self) -> list[str | Path]:
        return [sys.executable, "-m", "tests.cluster.wire", "--port", str(self.port), str(self._address.port)]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}


async def _serve(port: int, target: int) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
            ways = {asyncio.ensure_future(pump(reader, far_writer)), asyncio.ensure_future(pump(far_reader, writer))}
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.close()
        writer.close()

    async with await asyncio.start_server(forward, "127.0.0.1", port) as server:
        await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    """Pass on until it is killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.wire", description="A wire that can be harmed.")
    parser.add_argument("--port", type=int, required=True, help="where to listen, on loopback")
    parser.add_argument("target", type=int, help="the port that it leads to, on loopback")
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options.port, options.target))


if __name__ == "__main__":
    main()
