"""Servers at addresses, which end with the test that started them, and the interpreter as a server sets it."""

from collections.abc import Iterator

import pytest

from sentinel.main.server import tune_interpreter
from tests.acceptance.tools.addresses import start
from tests.support.interpreter import interpreter_set_back

__all__ = ["start"]


@pytest.fixture(autouse=True)
def _interpreter_of_a_server() -> Iterator[None]:
    """A collection that looks through all that pytest has loaded stops the loop for a tenth of a second."""
    with interpreter_set_back():
        tune_interpreter()
        yield
