"""The command line itself: what it says of itself, and with which exit code."""

import gc
import signal

import pytest
from typer.testing import CliRunner

from sentinel import __version__
from sentinel.cli import app, importing


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


def test_ctrl_c_ends_a_process_that_imports_and_one_that_shall_ignore_it_goes_on() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        for handler, meanwhile in (
            (signal.default_int_handler, signal.SIG_DFL),
            (signal.SIG_IGN, signal.SIG_IGN),
        ):
            signal.signal(signal.SIGINT, handler)
            with importing():
                assert signal.getsignal(signal.SIGINT) is meanwhile
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        gc.enable()
        signal.signal(signal.SIGINT, before)
