"""How the interpreter is set for a process that serves."""

import gc
from collections.abc import Iterator

import pytest

from sentinel.main.server import tune_interpreter
from tests.support.interpreter import interpreter_set_back


@pytest.fixture(autouse=True)
def _interpreter_as_before() -> Iterator[None]:
    """Each test sets it anew."""
    with interpreter_set_back():
        yield


def test_the_collector_that_was_off_for_the_imports_is_on_while_serving() -> None:
    """Otherwise every cycle that a request leaves behind would stay for ever."""
    gc.disable()
    tune_interpreter()
    assert gc.isenabled()


def test_what_the_start_made_is_never_looked_through_again() -> None:
    """It lives to the end, and is large."""
    tune_interpreter()
    assert gc.get_freeze_count() > 10_000


def test_a_collection_while_serving_looks_at_few_objects() -> None:
    """Nothing else runs meanwhile: what a thousand readers leave in memory is not looked through in one go."""
    tune_interpreter()
    young, middle, _ = gc.get_threshold()
    assert young * middle <= 20_000
