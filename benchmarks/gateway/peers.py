"""Installs the peers, pinned, each into an environment of its own under `.cache/bench`; nothing outside it changes.

LiteLLM comes with uv or pip, Portkey with npm. nginx is a system package and is used if it is there.
"""

import shutil
import subprocess
from pathlib import Path

from scripts.project import CACHE, NODE, NPM, PYTHON, UV, child_environment
from scripts.steps import say

LITELLM = "1.106.2"
PORTKEY = "1.15.2"
HOME = CACHE / "bench"
_INSTALL_SECONDS = 900


class NotInstalledError(Exception):
    """A peer cannot be had; the text says why."""


def litellm() -> Path:
    """The program `litellm`, installed if it is not there yet."""
    home = HOME / f"litellm-{LITELLM}"
    program = home / "bin" / "litellm"
    if not _is_complete(home):
        say(f"installing LiteLLM {LITELLM} into {home} …")
        wanted, inside = f"litellm[proxy]=={LITELLM}", home / "bin" / "python"
        if UV.exists():
            _run(UV, "venv", "--clear", "--python", PYTHON, home)
            _run(UV, "pip", "install", "--python", inside, wanted)
        else:
            _run(PYTHON, "-m", "venv", "--clear", home)
            _run(inside, "-m", "pip", "install", wanted)
        _complete(home)
    return program


def portkey() -> tuple[Path, Path]:
    """Node, and the script that starts the Portkey gateway."""
    home = HOME / f"portkey-{PORTKEY}"
    npm = _program(NPM, "npm")
    if not _is_complete(home):
        say(f"installing Portkey's gateway {PORTKEY} into {home} …")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev")
        _run(npm, "install", "--prefix", home, *options, f"@portkey-ai/gateway@{PORTKEY}")
        _complete(home)
    return _program(NODE, "node"), home / "node_modules/@portkey-ai/gateway/build/start-server.js"


def nginx() -> tuple[Path, str]:
    """The program and its version."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotInstalledError("nginx is not installed")
    said = subprocess.run([found, "-v"], capture_output=True, text=True, check=True).stderr
    return Path(found), said.rpartition("/")[2].strip()


def _program(own: Path, name: str) -> Path:
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise NotInstalledError(f"{name} is not installed")
    return Path(found)


def _is_complete(home: Path) -> bool:
    return (home / ".complete").exists()


def _complete(home: Path) -> None:
    (home / ".complete").touch()


def _run(*command: str | Path) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=child_environment(), capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
    )
    if done.returncode != 0:
        raise NotInstalledError(f"{Path(words[0]).name} failed: {(done.stderr or done.stdout).strip()[-300:]}")
