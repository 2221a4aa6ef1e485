"""Writes `requirements/*.txt` from pyproject.toml (`make lock`), or checks offline that they belong to it (`--check`).

A lock is hash-pinned, holds for every supported Python on Linux and macOS, and names no package index: whoever installs
from it chooses the index, and the hashes say whether the files are right.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence

from scripts.project import REQUIREMENTS, ROOT, UV, child_environment

LOCKS = {
    "uv": ["--group", "pyproject.toml:installer"],
    "runtime": ["pyproject.toml", "--group", "build", "--group", "node"],
    "dev": [
        "pyproject.toml",
        "--group",
        "build",
        "--group",
        "node",
        "--group",
        "dev",
        "-c",
        "requirements/runtime.txt",
    ],
    "third-party": ["--group", "pyproject.toml:third-party"],
    "third-party-legacy": ["--group", "pyproject.toml:third-party-legacy"],
}
_FOREIGN_SOURCES = ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_INDEX")
_ADDRESS = re.compile(r"[a-z+]+://|--(?:extra-)?index|--find-links|--trusted-host|^\s*(?:\.{0,2}/|-e )", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", re.MULTILINE)


def inputs_digest() -> str:
    """The digest of everything in pyproject.toml that a lock follows from."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = ("requires-python", "dependencies", "optional-dependencies")
    relevant = {name: tables["project"].get(name) for name in names} | {"groups": tables.get("dependency-groups")}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def header() -> str:
    """The first lines of each lock."""
    return f"# Locked from pyproject.toml by `make lock`. Do not edit.\n# inputs: sha256:{inputs_digest()}\n"


def pins(text: str) -> dict[str, str]:
    """The version of each package in a lock."""
    return dict(_PIN.findall(text))


def faults(locks: dict[str, str]) -> list[str]:
    """What is wrong with the given lock texts, one line each."""
    found = [
        f"{name}: does not belong to pyproject.toml: run `make lock`"
        for name, text in locks.items()
        if not text.startswith(header())
    ]
    found += [
        f"{name}: names an index, an address or a path: {match.group()!r}"
        for name, text in locks.items()
        for match in _ADDRESS.finditer(text)
    ]
    runtime, dev = pins(locks["runtime"]), pins(locks["dev"])
    found += [
        f"dev: {name} is not at runtime's {version}" for name, version in runtime.items() if dev.get(name) != version
    ]
    return found


def read_locks() -> dict[str, str]:
    """The committed locks."""
    return {name: (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8") for name in LOCKS}


def write_lock(name: str, *, upgrade: bool) -> None:
    """Resolve one lock anew; pins that still fit stay unless `upgrade`."""
    target = REQUIREMENTS / f"{name}.txt"
    environment = {key: value for key, value in child_environment().items() if key not in _FOREIGN_SOURCES}
    options = [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
        "--no-config",
    ]
    more = ["--upgrade"] if upgrade else []
    command = [str(UV), "pip", "compile", *LOCKS[name], *options, *more, "--quiet", "-o", str(target)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    target.write_text(header() + target.read_text(encoding="utf-8"), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write or check; 0 when the locks are right."""
    if "--check" not in arguments:
        for name in LOCKS:
            print(f"  locking {name} …", flush=True)
            write_lock(name, upgrade="--upgrade" in arguments)
    found = faults(read_locks())
    print("\n".join(found) or "locks belong to pyproject.toml")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
