"""The gateway's use cases: a chat completion, streamed or whole, and embeddings, each over the targets of its route."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import ShuttingDownError
from sentinel.gateway.call import Call, Recovery, first_success
from sentinel.gateway.failures import broken_text, failure_of
from sentinel.gateway.open_calls import CUT_SHORT, OpenCalls
from sentinel.gateway.outgoing import Outgoing
from sentinel.gateway.parameters import check_embeddings
from sentinel.gateway.plain_exchange import Check, PlainExchange, completion_check, embeddings_check
from sentinel.gateway.receipts import Header, attempt_brief, cost_headers, receipt_headers
from sentinel.gateway.records import Observe, Observed
from sentinel.gateway.requests import CallerOptions, CompletionRequest, read_completion_request, read_json, read_options
from sentinel.gateway.responses import Responder
from sentinel.gateway.routing import Router
from sentinel.gateway.streaming import StreamRelay
from sentinel.gateway.upstream import CHAT_PATH, EMBEDDINGS_PATH, Refusal, UpstreamClient
from sentinel.ids import IdSource
from sentinel.resilience.deadline import Deadline

_SHARE_OF_ONE = 0.5
"""How much of the time that is left one target may take for a whole answer while another one could be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a caller, and the way to answer it."""

    raw: bytes
    headers: Mapping[str, str]
    respond: Responder
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A request that is being served."""

    asked: Asked
    call: Call
    observed: Observed

    def receipt(self) -> list[Header]:
        """Give the headers that say how the answer came to be."""
        return receipt_headers(
            self.call.attempts,
            serving=self.call.current,
            under_way=self.call.under_way,
            request_id=self.observed.request_id,
            trace_id=self.asked.trace_id,
        )

    async def answer(self, body: bytes) -> None:
        """Send a whole answer."""
        self.observed.succeeded()
        await self.asked.respond.whole(200, body, [*self.receipt(), *cost_headers(self.call.attempts)])

    async def fail(self, refusal: Refusal | None) -> None:
        """Say that there is no answer: in the provider's words if the request itself was refused, else in ours."""
        failure = failure_of(self.call, refusal)
        self.observed.failed(failure.code, status_code=failure.status)
        headers = [*self.receipt(), *cost_headers(self.call.attempts)]
        if failure.original is not None:
            await self.asked.respond.whole(failure.status, failure.original, headers)
            return
        await self.asked.respond.error(
            failure.code,
            failure.message,
            status=failure.status,
            headers=[*headers, *failure.headers],
            attempts=[attempt_brief(attempt) for attempt in self.call.ledger.by_number],
        )

    async def refuse_to_go_on(self) -> None:
        """Say, before anything was sent, that the process stops."""
        self.observed.failed(ShuttingDownError.code, status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        await self.asked.respond.error(ShuttingDownError.code, CUT_SHORT, headers=self.receipt())


@dataclass(frozen=True, kw_only=True)
class Completions:
    """Serves requests; `observe` gets the record of each when it is over.

    Those that `open_calls` cuts short, because the process stops, end with an error that says so.
    """

    recovery: Recovery
    router: Router
    client: UpstreamClient
    ids: IdSource
    observe: Observe
    open_calls: OpenCalls

    async def chat(self, asked: Asked) -> bool:
        """Serve a chat completion; gives whether the caller has a whole answer.

        Raises:
            RequestError: the request is no chat completion, or names a route that does not exist.
        """
        request = read_completion_request(asked.raw, asked.headers)
        route = self.router.resolve(request.model, request.options)
        work = self._work(asked, route, path=CHAT_PATH, body=request.body)
        with work.observed:
            if request.is_stream:
                await self._stream(work, request)
            else:
                check = completion_check(request.choices)
                await self._plain(work, path=CHAT_PATH, make=request.for_target, check=check, limits=_for_whole_answer)
        return work.observed.is_completed

    async def embeddings(self, asked: Asked) -> bool:
        """Serve embeddings; gives and raises as above."""
        body = read_json(asked.raw, asked.headers)
        check_embeddings(body)
        options: CallerOptions = read_options(asked.headers)
        route = self.router.resolve(body["model"], options)
        work = self._work(asked, route, path=EMBEDDINGS_PATH, body=body)
        with work.observed:
            await self._plain(
                work,
                path=EMBEDDINGS_PATH,
                make=lambda model: {**body, "model": model},
                check=embeddings_check,
                limits=lambda call, _: call.deadlines,
            )
        return work.observed.is_completed

    def _work(self, asked: Asked, route: Route, *, path: str, body: Mapping[str, Any]) -> Work:
        deadline = Deadline(self.recovery.clock, route.deadlines.total_seconds)
        is_stream = path == CHAT_PATH and bool(body.get("stream"))
        call = Call(
            recovery=self.recovery, route=route, deadlines=route.deadlines, deadline=deadline, is_stream=is_stream
        )
        observed = Observed(
            request_id=self.ids.new(),
            trace_id=asked.trace_id,
            endpoint=path,
            requested_model=str(body["model"]),
            is_stream=is_stream,
            call=call,
            clock=self.recovery.clock,
            observe=self.observe,
        )
        return Work(asked=asked, call=call, observed=observed)

    async def _stream(self, work: Work, request: CompletionRequest) -> None:
        observed, respond = work.observed, work.asked.respond

        async def start() -> None:
            observed.begun()
            await respond.start_stream(work.receipt())

        outgoing = Outgoing(start, respond.part)
        relay = StreamRelay(call=work.call, request=request, outgoing=outgoing, client=self.client)
        try:
            is_whole = await relay.run()
        except asyncio.CancelledError:
            if not self.open_calls.are_cut:
                raise
            await _cut_short(work, relay)
            return
        if is_whole:
            observed.succeeded()
        elif outgoing.has_started:
            observed.failed("stream_broken")
            await relay.fail("stream_broken", broken_text(work.call))
        else:
            await work.fail(relay.last.refusal if relay.last else None)
            return
        await respond.end()

    async def _plain(
        self,
        work: Work,
        *,
        path: str,
        make: Callable[[str], dict[str, Any]],
        check: Check,
        limits: Callable[[Call, Target], Deadlines],
    ) -> None:
        call = work.call

        def exchange(target: Target) -> PlainExchange:
            call.deadlines = limits(call, target)
            return PlainExchange(
                client=self.client,
                target=target,
                path=path,
                body=make(target.model),
                connect_seconds=call.deadlines.connect_seconds,
                check=check,
            )

        try:
            answered, last = await first_success(call, exchange)
        except asyncio.CancelledError:
            if not self.open_calls.are_cut:
                raise
            await work.refuse_to_go_on()
            return
        if answered is None and last is not None and _is_filtered(call, last):
            answered = last
        if answered is None or answered.answer is None:
            await work.fail(last.refusal if last else None)
        else:
            await work.answer(answered.answer_with(call.ledger.usage))


async def _cut_short(work: Work, relay: StreamRelay) -> None:
    if not relay.outgoing.has_started:
        await work.refuse_to_go_on()
        return
    work.observed.failed(ShuttingDownError.code)
    await relay.fail(ShuttingDownError.code, CUT_SHORT)
    await work.asked.respond.end()


def _is_filtered(call: Call, exchange: PlainExchange) -> bool:
    """A filter's word is the provider's own ending, and goes to the caller as it is."""
    return call.attempts[-1].cause == "content_filter" and exchange.answer is not None


def _for_whole_answer(call: Call, target: Target) -> Deadlines:
    """A whole answer has no first token, so a silent target is given up for another one when half the time is over."""
    has_other = len(call.route.targets) > 1 and call.has_alternative(target)
    seconds = call.deadline.remaining() * _SHARE_OF_ONE if has_other else math.inf
    return replace(call.route.deadlines, first_token_seconds=seconds)


def served_models(routes: Mapping[str, Route]) -> list[dict[str, Any]]:
    """Give the routes and the models behind them, as `GET /v1/models` lists them."""
    targets = dict.fromkeys(str(target) for route in routes.values() for target in route.targets)
    names = [(name, "sentinel") for name in routes] + [(name, name.partition("/")[0]) for name in targets]
    return [{"id": name, "object": "model", "created": 0, "owned_by": owner} for name, owner in names]
