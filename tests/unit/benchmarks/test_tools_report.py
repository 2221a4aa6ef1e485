"""The benchmark of tools: what it makes of what it has measured, and how it times."""

import asyncio

from benchmarks._result import Result
from benchmarks.tools.__main__ import AT_ADDRESSES, HOP, HOSTILE, Found, Plan, report
from benchmarks.tools.calls import Beside, measured
from benchmarks.tools.registries import LagMeter
from benchmarks.tools.trouble import EXPECTED, Kills

FOUND = Found(
    guards={"guarded, over stdio": Beside([1.0, 1.0], [1.25, 1.25])},
    hops={HOP: Beside([2.0], [6.0])},
    kills=Kills(failed=[5.0, 120.0], ready=[500.0, 1_500.0]),
    connects={AT_ADDRESSES: (1.0, 3.5), "processes": (0.1, 9.0)},
    lags={"long_line": [2.0, 60.0], "flood": [3.0], "trap": [1.0], "echo": [70.0]},
)


def verdicts(result: Result) -> dict[str, str]:
    return {target.what: target.verdict for target in result.targets}


def test_each_target_is_held_against_the_worst_that_was_seen() -> None:
    assert verdicts(report(FOUND, Plan.quick(), "calm")) == {
        "tool call: guarded, over stdio, added p50": "met",
        f"tool call: {HOP}, added p50": "missed by 33.3%",
        "killed server: 5 calls in flight have failed, slowest": "missed by 20.0%",
        "killed server: ready again, slowest": "met",
        "50 servers at addresses connect, against one": "missed by 16.7%",
        "hostile tools: the loop stood still at worst": "missed by 20.0%",
    }


def test_every_tool_of_the_odd_server_has_a_row_and_an_expectation() -> None:
    assert set(HOSTILE) == set(EXPECTED) == set(FOUND.lags)


async def test_both_ways_are_timed_in_turn() -> None:
    order: list[str] = []

    async def plain() -> None:
        order.append("plain")

    async def through() -> None:
        order.append("through")

    found = await measured(plain, through, count=3)
    assert (len(found.plain), len(found.through)) == (3, 3)
    assert set(zip(order[::2], order[1::2], strict=True)) == {("plain", "through")}


async def test_the_meter_sees_a_loop_that_stands_still() -> None:
    async with LagMeter() as calm:
        await asyncio.sleep(0)
    async with LagMeter() as busy:
        sum(range(2_000_000))
    assert busy.worst_ms > calm.worst_ms
