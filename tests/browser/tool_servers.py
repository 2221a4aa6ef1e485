"""Tool servers in a test's hands: two equivalents, one that can be kept down, one that changes what it says."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

_MISBEHAVING = Path(__file__).parents[1] / "integration" / "tools" / "servers" / "misbehaving.py"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ToolServers:
    """The configuration of the servers, and the strings they hang on; `folder` is a test session's own."""

    folder: Path
    names = ("calculator", "calculator_backup", "frail", "drifting")

    @property
    def config(self) -> str:
        """The text of `sentinel.yaml`; JSON is YAML."""
        calculators = {
            name: {"command": sys.executable, "args": ["-m", f"mcp_servers.{name}"], "cwd": str(_ROOT), "trusted": True}
            for name in ("calculator", "calculator_backup")
        }
        frail = (
            f"test -e {self._flag} && echo no licence today >&2 && exit 3; exec {sys.executable} -I -S {_MISBEHAVING}"
        )
        servers = calculators | {
            "frail": {"command": "sh", "args": ["-c", frail], "trusted": True},
            "drifting": {
                "command": sys.executable,
                "args": ["-I", "-S", str(_MISBEHAVING)],
                "env": {"DESCRIPTION_FILE": str(self._description)},
            },
        }
        calculate = [
            {"tool": "calculator/evaluate"},
            {"tool": "calculator_backup/calc", "arguments": {"expression": "expr"}},
        ]
        tools = {"capabilities": {"calculate": {"members": calculate}}}
        return orjson.dumps({"mcpServers": servers, "tools": tools, "breaker": {"recovery_seconds": 60}}).decode()

    def say(self, description: str) -> None:
        """Let `drifting` describe its tool `echo` so, from its next session on."""
        self._description.write_text(f"{description}|", encoding="utf-8")

    def keep_down(self, pid: int) -> None:
        """Kill `frail`, whose process is `pid`, and let it end at once whenever it is started."""
        self._flag.touch()
        os.kill(pid, signal.SIGKILL)

    def let_up(self) -> None:
        """Let `frail` be started again."""
        self._flag.unlink(missing_ok=True)

    @property
    def _flag(self) -> Path:
        return self.folder / "down"

    @property
    def _description(self) -> Path:
        return self.folder / "description"
