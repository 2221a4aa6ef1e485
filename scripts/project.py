"""Where things are: the folders, programs and environment that set-up and the checks share.

Everything under `scripts/` runs on the standard library alone, because set-up runs before anything is installed.
"""

import configparser
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
FRONTEND = ROOT / "frontend"
NODE_CLIENT = ROOT / "tests" / "clients" / "node"
THIRD_PARTY = ROOT / "tests" / "third_party"
THIRD_PARTY_ENVIRONMENTS = CACHE / "third_party"
REQUIREMENTS = ROOT / "requirements"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
NODE = VENV / "bin" / "node"
NPM = VENV / "bin" / "npm"

_LEAKS = frozenset(
    {
        *("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"),
        "PYTHONDONTWRITEBYTECODE",  # every start would compile everything anew
    }
)


def python_version() -> str:
    """The environment's `major.minor`, from its own record."""
    parser = configparser.ConfigParser()
    parser.read_string("[venv]\n" + (VENV / "pyvenv.cfg").read_text(encoding="utf-8"))
    return ".".join(parser["venv"]["version"].split(".")[:2])


def site_packages() -> Path:
    """The folder that the environment's packages are in."""
    return VENV / "lib" / f"python{python_version()}" / "site-packages"


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for the project's tools: its own Python and Node first, no other environment leaking in."""
    inherited = {name: value for name, value in os.environ.items() if name not in _LEAKS}
    path = os.pathsep.join([str(VENV / "bin"), inherited.get("PATH", os.defpath)])
    return (
        inherited
        | {
            "PATH": path,
            "PIP_USER": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NEXT_TELEMETRY_DISABLED": "1",
            "LANGSMITH_TRACING": "false",
        }
        | extra
    )
