"""The program of `docs/tools.md` for agents outside runs as written."""

import asyncio
import os
import sys
from pathlib import Path

from tests.docs.pages import blocks, read
from tests.support.server import Server


async def test_it_prints_what_the_calculator_says(page_server: Server, tmp_path: Path) -> None:
    (program,) = (block.text for block in blocks(read("docs/tools.md")) if block.language == "python")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program.replace("http://127.0.0.1:8000", page_server.url)),
        stdout=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
    )
    async with asyncio.timeout(50):
        printed, _ = await process.communicate()
    assert printed.decode().strip() == "42"
