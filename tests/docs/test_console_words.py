"""The console says every cause of a tool call in plain words; one that it does not know is shown as it is spelled."""

import re
from pathlib import Path

from sentinel.tools.outcome import Cause

WORDS = Path(__file__).resolve().parents[2] / "frontend" / "src" / "lib" / "words" / "causes.ts"


def test_every_cause_of_a_tool_call_has_words_in_the_console() -> None:
    """New causes are made far from the console, and easily forgotten there."""
    known = set(re.findall(r"^  (\w+):", WORDS.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert {cause.value for cause in Cause} <= known
