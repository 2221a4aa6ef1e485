"""A route with a single target whose server closes idle connections: the caller must not notice."""

import asyncio

import pytest

from sentinel.domain.requests import RequestOutcome
from tests.support.forgetful_server import ForgetfulServer
from tests.support.gateway import PRIMARY, Plan, route, running_gateway
from tests.support.openai_wire import ask, client_of, hear
from tests.wire.kept_answers import good_answer


def one_target(server: ForgetfulServer, **changes: object) -> Plan:
    return Plan(wires={"primary": f"{server.url}/v1"}, routes=route(PRIMARY), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("is_stream", [True, False])
async def test_the_request_is_sent_again_at_once_and_counts_against_nobody(is_stream: bool) -> None:
    send = hear if is_stream else ask
    async with (
        ForgetfulServer(good_answer("relay" if is_stream else "relay_plain")).running() as server,
        running_gateway(one_target(server)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        await send(caller)
        answered = await send(caller)
        _, record = await gateway.recorded(2)
        assert gateway.failures(PRIMARY) == 0
        assert gateway.protection.budget.tokens("primary") == 10
    assert (record.outcome, record.status_code) == (RequestOutcome.COMPLETED, 200)
    assert [attempt.cause for attempt in record.attempts] == ["stale_connection", None]
    assert answered.headers["x-sentinel-failover"] == "false"
    assert server.requests == 3


async def test_several_closed_connections_cost_one_repeat_each_request() -> None:
    async with (
        ForgetfulServer(good_answer("relay_plain")).running() as server,
        running_gateway(one_target(server)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        await asyncio.gather(*(ask(caller) for _ in range(4)))
        answers = await asyncio.gather(*(ask(caller) for _ in range(4)))
        records = (await gateway.recorded(8))[4:]
    assert {answer.status_code for answer in answers} == {200}
    causes = [[attempt.cause for attempt in record.attempts] for record in records]
    assert ["stale_connection", None] in causes
    assert all(each in (["stale_connection", None], [None]) for each in causes)


async def test_the_limit_of_upstream_requests_holds() -> None:
    async with (
        ForgetfulServer(good_answer("relay_plain")).running() as server,
        running_gateway(one_target(server, max_attempts=1)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        await ask(caller)
        refused = await ask(caller)
    assert refused.status_code == 502
    assert server.requests == 2
