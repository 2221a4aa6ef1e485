"""Results against schemas that servers supply, and that may be made to hurt."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, SupportsIndex

import pytest

from sentinel.tools.guard.result_check import ResultChecker

INTEGER: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def fault(schema: dict[str, Any], result: dict[str, Any] | None, executor: ThreadPoolExecutor) -> str | None:
    return await ResultChecker(schema, executor=executor).fault(result)


async def test_a_result_that_fits_has_no_fault(executor: ThreadPoolExecutor) -> None:
    """And one that does not says where."""
    assert await fault(INTEGER, {"n": 1}, executor) is None
    found = await fault(INTEGER, {"n": "x"}, executor)
    assert found is not None
    assert "/n" in found
    assert await fault(INTEGER, None, executor) == "no structured content, which the tool's schema promises"


class NoThreads(Executor):
    """An executor that must not be needed."""

    def submit(self, *_arguments: object, **_more: object) -> Any:
        raise AssertionError


class Counted(ThreadPoolExecutor):
    """An executor that counts what it is given."""

    tasks = 0

    def submit(self, *arguments: Any, **more: Any) -> Any:
        self.tasks += 1
        return super().submit(*arguments, **more)


async def test_a_small_result_is_checked_at_once() -> None:
    """A thread would cost the call more than all else that guards it."""
    checker = ResultChecker(INTEGER, executor=NoThreads())
    assert await checker.fault({"n": 1, "s": "x" * 1_000}) is None
    assert "/n" in (await checker.fault({"n": "x"}) or "")


@pytest.mark.parametrize(
    ("schema", "result"),
    [
        (INTEGER, {"n": "x", "s": "x" * 5_000}),
        (INTEGER, {"n": "x", "many": list(range(100))}),
        (INTEGER, {"n": "x", "deep": [[1] * 10] * 10}),
        (INTEGER, {"n": "x"} | dict.fromkeys(map(str, range(100)), 1)),
        ({"allOf": [{"type": "object"}] * 200} | INTEGER, {"n": "x"}),
        ({"properties": {"n": {"enum": list(range(10_000))}}}, {"n": 9_999.5}),
    ],
    ids=["long", "many", "deep", "names", "steps", "large-schema"],
)
async def test_what_takes_longer_is_checked_on_a_thread(schema: dict[str, Any], result: dict[str, Any]) -> None:
    with Counted(1) as threads:
        assert "/n" in (await ResultChecker(schema, executor=threads).fault(result) or "")
        assert threads.tasks == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"s": {"pattern": "^(a+)+$"}}},
        {"patternProperties": {"^(a+)+$": {"type": "integer"}}},
        {"properties": {"s": {"format": "email"}}},
        {"$ref": "https://example.com/schema"},
        {"$ref": "file:///etc/passwd"},
        {"$id": "https://example.com/", "$ref": "other.json"},
        {"properties": {"s": {"$dynamicRef": "https://example.com/"}}},
    ],
)
async def test_what_can_run_wild_is_not_looked_at(schema: dict[str, Any], executor: ThreadPoolExecutor) -> None:
    """Regular expressions of a server are never run, addresses never opened."""
    assert await fault(schema, {"s": "a" * 5_000 + "!"}, executor) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        {"type": "no such type"},
        {"$ref": "#/nowhere"},
    ],
)
async def test_a_schema_that_never_ends_or_makes_no_sense_promises_nothing(
    schema: dict[str, Any], executor: ThreadPoolExecutor
) -> None:
    """The check gives up; the result stands."""
    assert await fault(schema, {"n": 1}, executor) is None


async def test_a_check_that_takes_too_many_steps_is_given_up(executor: ThreadPoolExecutor) -> None:
    """2 ** 20 branches would take minutes."""
    schema: dict[str, Any] = {"$defs": {"d0": {"type": "string"}}, "$ref": "#/$defs/d20"}
    for number in range(20):
        below = {"$ref": f"#/$defs/d{number}"}
        schema["$defs"][f"d{number + 1}"] = {"anyOf": [below, below]}
    assert await ResultChecker(schema, executor=executor, max_steps=1000).fault({"n": 1}) is None


class Meeting(list[Any]):
    """A list whose first item is given to two readers at once, or to none."""

    def __init__(self, items: list[Any], place: threading.Barrier) -> None:
        super().__init__(items)
        self._place = place

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if index == 0:
            self._place.wait(timeout=10)
        return super().__getitem__(index)


async def test_two_checks_at_once_do_not_use_up_each_other_s_steps() -> None:
    """Each alone finds the fault at the end of its result with three quarters of what it may do."""
    place = threading.Barrier(2)
    schema = {"type": "object", "properties": {"all": {"type": "array", "items": {"type": "integer"}}}}
    with ThreadPoolExecutor(2) as threads:
        checker = ResultChecker(schema, executor=threads, max_steps=2_000)
        results = [{"all": Meeting([*range(1_500), "wrong"], place)} for _ in range(2)]
        faults = await asyncio.gather(*(checker.fault(result) for result in results))
    assert faults == ["the result does not fit its schema at /all/1500: type"] * 2
