"""`make up` says what it needs instead of printing docker's usage."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.sources import ROOT

NEEDED = "Docker Compose 2.24 or newer is needed"
DOCKER = """#!/bin/sh
if [ "$1 $2" = "compose version" ]; then {version}; exit $?; fi
echo "ran: $*"
"""


def compose(folder: Path, version: str | None) -> subprocess.CompletedProcess[str]:
    """Run it where `docker compose version --short` is that command, or where there is no docker at all."""
    if version is not None:
        program = folder / "docker"
        program.write_text(DOCKER.format(version=version), encoding="utf-8")
        program.chmod(0o755)
    command = ["/bin/sh", "scripts/compose.sh", "up", "--wait", "two words"]
    environment = {**os.environ, "PATH": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["2.24.0", "v2.24.6-desktop.1", "2.40", "3.0.0", "5.1.2", "dev"])
def test_a_compose_that_is_new_enough_gets_the_words(tmp_path: Path, version: str) -> None:
    done = compose(tmp_path, f"echo {version}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran: compose up --wait two words\n", "")


@pytest.mark.parametrize("version", ["2.23.3", "v2.9.0", "1.29.2"])
def test_an_older_one_is_told_with_its_version(tmp_path: Path, version: str) -> None:
    done = compose(tmp_path, f"echo {version}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{NEEDED} (this is {version.removeprefix('v')}): https://")


@pytest.mark.parametrize(
    "version", [None, "echo 'unknown command: docker compose' >&2; false"], ids=["none", "no plugin"]
)
def test_without_the_plugin_one_line_says_so(tmp_path: Path, version: str | None) -> None:
    done = compose(tmp_path, version)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{NEEDED} (`docker compose version` does not work here): https://")
    assert len(done.stderr.splitlines()) == 1
