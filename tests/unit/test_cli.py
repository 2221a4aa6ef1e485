"""The command line itself: what it says of itself, and with which exit code."""

import pytest
from typer.testing import CliRunner

from sentinel import __version__
from sentinel.cli import app


def test_the_version_is_printed_on_demand() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"sentinel {__version__}\n")


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0)], ids=["nothing", "help"])
def test_the_help_names_every_command_and_the_exit_codes(words: list[str], code: int) -> None:
    """Without a command it is a usage error, as it is for other programs with subcommands."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code
    for name in ("serve", "worker", "migrate", "backup", "explain", "--version", "Exit codes"):
        assert name in result.output


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["nonsense"])
    assert result.exit_code == 2
    assert "No such command 'nonsense'" in result.output
