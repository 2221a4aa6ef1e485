"""The Python half of set-up: virtual environment, uv, hash-pinned packages, and the project itself, editable."""

import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from json import dumps
from pathlib import Path

from scripts.project import PYTHON, REQUIREMENTS, ROOT, THIRD_PARTY_ENVIRONMENTS, UV, VENV, python_version
from scripts.stamps import Stamp, digest
from scripts.steps import Commands, Step, say

_STAMPS = VENV / ".stamps"
_COMPILED = ("backend", "mcp_servers")
_NETWORK = "the package index must be reachable for this step; run the same command again, it goes on from here"


def environment() -> Step:
    """The virtual environment. Its key is the checkout's path, because its scripts contain it."""
    return Step(
        title="Python environment",
        log="venv",
        stamp=Stamp(_STAMPS / "venv"),
        key=lambda: digest(str(ROOT)),
        present=_interpreter_works,
        run=_make_environment,
        hint="Python's venv module must work: try `python3 -m venv /tmp/try-venv`",
    )


def _interpreter_works() -> bool:
    return os.access(PYTHON, os.X_OK) and (VENV / "pyvenv.cfg").is_file()


def _make_environment(run: Commands) -> None:
    adopted = not run.was_cut_short and _is_complete(run) and not _was_moved()
    if not adopted:
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", VENV)


def _is_complete(run: Commands) -> bool:
    """An environment that was made by hand is kept; pip is the last thing that goes into one."""
    return _interpreter_works() and run.try_run([str(PYTHON), "-m", "pip", "--version"]) == 0


def _was_moved() -> bool:
    """Scripts carry the path of their interpreter, so those of a moved checkout point elsewhere."""
    activate = VENV / "bin" / "activate"
    return not activate.is_file() or str(VENV) not in activate.read_text(encoding="utf-8")


def installer(*, not_needed: Callable[[], bool] = lambda: False) -> Step:
    """uv. Set-up goes on with pip if it cannot be had, and asks for it again when there is something to install."""
    lock = REQUIREMENTS / "uv.txt"
    return Step(
        title="uv",
        log="uv",
        stamp=Stamp(_STAMPS / "uv"),
        key=lambda: digest(lock, python_version()),
        present=lambda: UV.exists() or not_needed(),
        run=lambda run: _install_uv(run, lock),
        hint=_NETWORK,
    )


def _install_uv(run: Commands, lock: Path) -> None:
    if run.try_run([*_pip_command(lock), "--only-binary", ":all:"]) != 0:
        say("not available, using pip instead (slower) … ", end="")


def packages(goal: str) -> Step:
    """The packages of `requirements/<goal>.txt`, each checked against its hash."""
    lock = REQUIREMENTS / f"{goal}.txt"
    return Step(
        title=f"Python packages ({goal})",
        log=f"packages-{goal}",
        stamp=Stamp(_STAMPS / f"packages-{goal}"),
        key=lambda: digest(lock, python_version()),
        present=lambda: True,
        run=lambda run: _install_packages(run, lock),
        hint=_NETWORK,
    )


def _install_packages(run: Commands, lock: Path) -> None:
    again = run.was_cut_short  # a package that was cut short while it was unpacked looks installed
    locked = ["--require-hashes", "-r", str(lock)]
    by_uv = [str(UV), "pip", "install", "--compile-bytecode", "--python", str(PYTHON), *locked]
    if run.try_run([*by_uv, *(["--reinstall"] if again else [])]) != 0:
        run(*_pip_command(lock), *(["--force-reinstall"] if again else []))


def _pip_command(lock: Path) -> list[str]:
    return [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "-r", str(lock)]


def third_party(lock_name: str) -> Step:
    """Others' MCP servers, in an environment of their own: their SDK is not always the one that Sentinel uses."""
    lock = REQUIREMENTS / f"{lock_name}.txt"
    folder = THIRD_PARTY_ENVIRONMENTS / lock_name
    return Step(
        title=f"Python packages of others' MCP servers ({lock_name})",
        log=lock_name,
        stamp=Stamp(folder / ".stamp"),
        key=lambda: digest(lock, python_version(), str(folder)),
        present=(folder / "bin" / "python").exists,
        run=lambda run: _install_apart(run, lock, folder),
        hint=_NETWORK,
    )


def _install_apart(run: Commands, lock: Path, folder: Path) -> None:
    interpreter = folder / "bin" / "python"
    run(PYTHON, "-m", "venv", "--clear", "--without-pip", folder)
    by_uv = [str(UV), "pip", "install", "--python", str(interpreter), "--require-hashes", "-r", str(lock)]
    if run.try_run(by_uv) != 0:
        options = ["--require-hashes", "--no-deps", "-r", str(lock)]
        run(PYTHON, "-m", "pip", "--python", interpreter, "install", *options)


def project() -> Step:
    """The project, editable. Its build needs nothing that is not in the lock, so it works without a network."""
    return Step(
        title="Sentinel itself",
        log="project",
        stamp=Stamp(_STAMPS / "project"),
        key=_project_key,
        present=(VENV / "bin" / "sentinel").exists,
        run=_install_project,
        hint="the build is local: the log says what is wrong with pyproject.toml",
    )


def _project_key() -> str:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    relevant = [tables["build-system"], tables["project"], tables["tool"]["hatch"]]
    return digest(dumps(relevant, sort_keys=True), python_version())


def _install_project(run: Commands) -> None:
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)]
    if run.try_run([str(UV), "pip", "install", "--python", str(PYTHON), *options]) != 0:
        run(PYTHON, "-m", "pip", "install", *options)


def bytecode() -> Step:
    """Our sources compiled, as pip does it with packages: who may not write here would compile them at every start."""
    return Step(
        title="Bytecode",
        log="bytecode",
        stamp=Stamp(_STAMPS / "bytecode"),
        key=lambda: digest(*(path for folder in _COMPILED for path in sorted((ROOT / folder).rglob("*.py")))),
        present=lambda: True,
        run=_compile,
        hint="",
    )


def _compile(run: Commands) -> None:
    run.try_run([str(PYTHON), "-m", "compileall", "-q", *_COMPILED])  # a file that cannot be read is for others to tell
