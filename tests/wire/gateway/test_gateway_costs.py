"""What a request cost: in the header of a whole answer, in a comment of a stream, and in what is kept of it."""

import httpx
import pytest

from sentinel.domain.attempts import total_cost
from sentinel.domain.money import Price
from sentinel.domain.routes import Target
from simulator.server import Simulator
from tests.support.gateway import FALLBACK, PRIMARY, over, route, running_gateway
from tests.support.openai_wire import HELLO, ask, client_of, hear

LARGE = Price.of_usd(per_million_input=2, per_million_output=8)
SMALL = Price.of_usd(per_million_input=0.1, per_million_output=0.4)
PRICES: dict[Target, Price] = {PRIMARY: LARGE, FALLBACK: SMALL}


def cost_header(answer: httpx.Response) -> str | None:
    value: str | None = answer.headers.get("x-sentinel-cost-usd")
    return value


async def test_a_whole_answer_says_what_it_cost(simulator: Simulator) -> None:
    async with (
        running_gateway(over(simulator, prices=PRICES)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await ask(caller)
        (record,) = await gateway.recorded()
    usage = answer.json()["usage"]
    nanos = 2_000 * usage["prompt_tokens"] + 8_000 * usage["completion_tokens"]
    assert cost_header(answer) == f"0.{nanos:09d}"
    assert record.to_dict()["cost_usd"] == record.attempts[0].to_dict()["cost_usd"] == nanos / 1e9


async def test_failed_attempts_are_paid_for_as_well(simulator: Simulator) -> None:
    simulator.openai.arm("cut", after=5)
    async with (
        running_gateway(over(simulator, prices=PRICES)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        (record,) = await gateway.recorded()
    broken, served = record.attempts
    assert heard.is_whole()
    assert broken.usage is not None
    assert broken.cost_nanos == LARGE.of(
        input_tokens=broken.usage.input_tokens, output_tokens=broken.usage.output_tokens
    )
    assert served.cost_nanos
    (note,) = [comment for comment in heard.comments if comment["event"] == "cost"]
    assert note["cost_usd"] == (broken.cost_nanos + served.cost_nanos) / 1e9
    assert note["estimated"], "the broken stream has told no usage"
    assert cost_header(httpx.Response(200, headers=heard.headers)) is None


async def test_a_stream_that_ends_with_an_error_says_what_was_spent(simulator: Simulator) -> None:
    simulator.openai.arm("cut", after=5)
    plan = over(simulator, prices=PRICES, routes=route(PRIMARY), max_attempts=1)
    async with running_gateway(plan) as gateway, client_of(gateway.base_url) as caller:
        heard = await hear(caller)
    assert heard.is_honestly_broken()
    assert [comment["event"] for comment in heard.comments] == ["cost"]
    assert heard.comments[0]["cost_usd"] > 0


async def test_a_failure_says_what_was_spent(simulator: Simulator) -> None:
    simulator.openai.arm("truncate", after=5)
    plan = over(simulator, prices=PRICES, routes=route(PRIMARY), max_attempts=1)
    async with running_gateway(plan) as gateway, client_of(gateway.base_url) as caller:
        answer = await ask(caller)
        (record,) = await gateway.recorded()
    assert answer.status_code == httpx.codes.BAD_GATEWAY
    spent = total_cost(record.attempts)
    assert cost_header(answer) == (f"0.{spent:09d}" if spent is not None else None)


async def test_a_caller_who_leaves_has_spent_what_was_said(simulator: Simulator) -> None:
    simulator.openai.arm("stall", after=3)
    async with (
        running_gateway(over(simulator, prices=PRICES)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        body = {"model": "default", "messages": HELLO, "stream": True}
        async with caller.stream("POST", "/chat/completions", json=body) as response:
            await anext(response.aiter_raw())
        (record,) = await gateway.recorded()
    assert record.attempts[0].cause == "cancelled"
    assert record.attempts[0].cost_nanos
    assert record.usage.estimated


@pytest.mark.parametrize("prices", [{}, {FALLBACK: SMALL}])
async def test_without_a_price_nothing_is_said_of_costs(simulator: Simulator, prices: dict[Target, Price]) -> None:
    async with (
        running_gateway(over(simulator, prices=prices)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        answer = await ask(caller)
        heard = await hear(caller)
        records = await gateway.recorded(2)
    assert cost_header(answer) is None
    assert heard.comments == []
    assert [record.to_dict()["cost_usd"] for record in records] == [None, None]


async def test_half_a_bill_is_none(simulator: Simulator) -> None:
    simulator.openai.arm("cut", after=5)
    async with (
        running_gateway(over(simulator, prices={FALLBACK: SMALL})) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        heard = await hear(caller)
        (record,) = await gateway.recorded()
    assert record.attempts[0].cost_nanos is None
    assert record.attempts[1].cost_nanos
    assert record.to_dict()["cost_usd"] is None
    assert [comment["event"] for comment in heard.comments] == ["failover"]
