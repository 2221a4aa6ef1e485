"""`docs/gateway.md`: its programs run as written, its configuration loads, its tables name what there is."""

import asyncio
import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from sentinel.gateway import openai_errors
from sentinel.settings import load_settings
from tests.docs.pages import ROOT, Block, blocks, read
from tests.docs.shown import missing
from tests.docs.terminal import Terminal
from tests.support.doc_tables import table_rows
from tests.support.kept_requests import complete
from tests.support.server import Server

PAGE = read("docs/gateway.md")
ADDRESS = "http://127.0.0.1:8000"
NODE_CLIENT = ROOT / "tests" / "clients" / "node"
NODE = Path(sys.executable).parent / "node"
PROGRAMS = {"python": [sys.executable, "-"], "javascript": [str(NODE), "--input-type=module", "-"]}


def written(language: str) -> list[Block]:
    return [block for block in blocks(PAGE) if block.language == language]


async def run(block: Block, server: Server) -> str:
    """Run a program of the page as a reader would, and give what it prints."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAMS[block.language],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=NODE_CLIENT,  # where OpenAI's client for Node is installed
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"},
    )
    async with asyncio.timeout(50):
        printed, complaints = await process.communicate(block.text.replace(ADDRESS, server.url).encode())
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


@pytest.mark.parametrize("block", [*written("python"), *written("javascript")])
async def test_every_program_of_the_page_prints_the_answer(page_server: Server, block: Block) -> None:
    printed = await run(block, page_server)
    assert "simulated" in printed
    assert len(printed) > 300


async def test_every_command_of_the_page_works_and_shows_what_it_shows(page_server: Server, tmp_path: Path) -> None:
    async with Terminal(tmp_path) as terminal:
        for block, following in pairwise([*blocks(PAGE), Block("", "")]):
            if block.language == "bash":
                printed = await terminal.run(block.text.replace(ADDRESS, page_server.url))
                assert any(line.startswith("{") for line in printed)
                if following.language == "text":
                    assert missing(following.text, printed) == [], "\n".join(printed)


def test_its_configuration_loads(tmp_path: Path) -> None:
    (block,) = written("yaml")
    (tmp_path / "sentinel.yaml").write_text(block.text, encoding="utf-8")
    settings = load_settings({"OPENAI_API_KEY": "sk-some"}, tmp_path)
    assert [str(target) for target in settings.routes["default"].targets] == ["openai/gpt-4o-mini", "local/llama3.2"]
    assert settings.unused_sections == ()


async def test_every_header_that_answers_have_is_named_and_no_other(page_server: Server) -> None:
    async with httpx.AsyncClient(base_url=page_server.url, timeout=20, verify=False) as client:
        answer = await complete(client)
    has = {name for name in answer.headers if name.startswith("x-sentinel-")}
    named = {name.lower() for row in table_rows("gateway.md", "Header", "Meaning") for name in row[0].split(", ")}
    sent = {"x-sentinel-route", "x-sentinel-midstream", "x-sentinel-timeout-seconds", "idempotency-key", "x-request-id"}
    sometimes = {"x-sentinel-cost-usd", "x-sentinel-idempotent-replay"}  # of answers with a price, or given again
    assert named == has | sent | sometimes


def test_every_error_of_ours_is_named_with_its_status() -> None:
    rows = table_rows("gateway.md", "Status", "Code", "When")
    named = {(status, code) for row in rows for status in row[0].split(", ") for code in re.findall(r"\w+", row[1])}
    for code, (status, _) in openai_errors._STATUS.items():
        if code not in ("shutting_down", "stream_broken"):
            assert (str(status), code) in named, code
    assert "`stream_broken`" in PAGE
