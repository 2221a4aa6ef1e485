"""The simulated providers as a child process, for a machine on which no real provider is configured.

They stand in for providers on other machines, so they are there for as long as the server is: a simulator that ends is
started again on its old ports, and the log says so.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import orjson

from sentinel.clock import Clock
from sentinel.errors import ConfigurationError
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger
from sentinel.telemetry.survival import survived

logger = get_logger(__name__)

_START_SECONDS: Final = 15.0
_STOP_SECONDS: Final = 2.0
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class SimulatedPair:
    """Where the simulated providers listen."""

    openai_base_url: str
    ollama_base_url: str

    @property
    def ports(self) -> tuple[int, int]:
        """The port of each wire."""
        return urlsplit(self.openai_base_url).port or 0, urlsplit(self.ollama_base_url).port or 0


@asynccontextmanager
async def simulated_providers(words_per_second: float, clock: Clock) -> AsyncIterator[SimulatedPair]:
    """Run the simulator on free ports, at a pace (0: as fast as it can).

    It ends with this process, however that ends, because its stdin closes then.

    Raises:
        ConfigurationError: it did not start.
    """
    process = await _started((0, 0), words_per_second)
    try:
        pair = await _ready(process)
    except ConfigurationError:
        await _end(process)
        raise
    keeper = asyncio.create_task(_keep(process, pair.ports, words_per_second=words_per_second, clock=clock))
    try:
        yield pair
    finally:
        await ended(keeper)


async def _keep(
    process: asyncio.subprocess.Process, ports: tuple[int, int], *, words_per_second: float, clock: Clock
) -> None:
    """Start the simulator again whenever it ends, ever more slowly while it does not come up; ends with it."""
    pause = _FIRST_PAUSE_SECONDS
    try:
        while True:
            code = await process.wait()
            logger.warning("simulated_providers_ended", exit_code=code, again_after_seconds=pause)
            await clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            with survived("start the simulated providers again"):
                process = await _started(ports, words_per_second)
                try:
                    await _ready(process)
                except ConfigurationError:  # it has said why on its own stderr
                    await _end(process)
                    continue
                pause = _FIRST_PAUSE_SECONDS
                logger.info("simulated_providers_restarted")
    finally:
        await _end(process)


async def _started(ports: tuple[int, int], words_per_second: float) -> asyncio.subprocess.Process:
    openai_port, ollama_port = map(str, ports)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "--openai-port", openai_port, "--ollama-port", ollama_port),
        *("--words-per-second", f"{words_per_second:g}", "--exit-with-stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # an interrupt from the terminal is for us; it is ended after the last run
    )


async def _ready(process: asyncio.subprocess.Process) -> SimulatedPair:
    try:
        async with asyncio.timeout(_START_SECONDS):
            line = await cast("asyncio.StreamReader", process.stdout).readline()
        ready = orjson.loads(line)
        return SimulatedPair(ready["openai_base_url"], ready["ollama_base_url"])
    except (TimeoutError, ValueError, KeyError) as error:
        message = "the simulated providers did not start; `sentinel simulator` tells why"
        raise ConfigurationError(message) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None and process.stdin is not None:
        process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
