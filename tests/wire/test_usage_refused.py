"""A server that refuses `stream_options`, which runs add to have the usage of their streams."""

from pydantic import SecretStr

from sentinel.clock import SystemClock
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts, ChatRequest, ChatResult
from sentinel.providers.openai import openai_provider
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection
from tests.support.canned import CannedProvider, chunk, frames, whole
from tests.support.wire_paths import PATIENT, wire_paths

STREAM = frames(chunk({"role": "assistant", "content": "Hi there"}), chunk(finish="stop"), "[DONE]")
UNKNOWN = whole({"error": {"message": "Unrecognized request argument supplied: stream_options"}}, status=400)
OTHER = whole({"error": {"message": "temperature must be below 2"}}, status=400)


async def ask(provider: CannedProvider, *models: str) -> list[ChatResult]:
    """Make one attempt after the other through one adapter."""
    clock = SystemClock()
    async with provider.running() as url, wire_paths() as paths:
        key = SecretStr("sk-test")
        adapter = openai_provider("one", base_url=url, api_key=key, clients=paths.clients, clock=clock)
        pipeline = AttemptPipeline(protection=open_protection(clock), clock=clock)
        attempts = ChatAttempts(providers={"one": adapter}, pipeline=pipeline)
        requests = [
            ChatRequest(
                number=number,
                target=Target("one", model),
                turns=[Turn(role="user", content="Hello?")],
                tools=(),
                deadlines=PATIENT,
                deadline=Deadline(clock, 30),
            )
            for number, model in enumerate(models, start=1)
        ]
        return [await attempts.run(request, lambda _: None) for request in requests]


async def test_it_may_be_repeated_and_is_then_asked_without_it() -> None:
    provider = CannedProvider(UNKNOWN, STREAM)
    refused, *served = await ask(provider, "m", "m", "m")
    assert (refused.attempt.cause, refused.attempt.outcome) == ("usage_refused", Outcome.NEUTRAL)
    assert (refused.attempt.final, refused.attempt.status_code) == (False, 400)
    assert [result.text for result in served] == ["Hi there", "Hi there"]
    assert all(result.attempt.usage and result.attempt.usage.estimated for result in served)
    assert ["stream_options" in body for body in provider.bodies] == [True, False, False]


async def test_each_model_is_found_out_about_by_itself() -> None:
    provider = CannedProvider(UNKNOWN, STREAM)
    await ask(provider, "m", "other")
    assert ["stream_options" in body for body in provider.bodies] == [True, True]


async def test_another_refusal_is_the_caller_s_and_is_not_repeated() -> None:
    (refused,) = await ask(CannedProvider(OTHER), "m")
    assert (refused.attempt.cause, refused.attempt.final) == ("bad_request", True)
