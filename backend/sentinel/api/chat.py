"""Chat in one call: the run's events in the same response, or the finished answer."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from sentinel.api.problems import problem_response, trace_id_of
from sentinel.api.runs import SSE_RESPONSES, IdempotencyKey, caller_of, follow_run, question_of
from sentinel.api.schemas import ChatAnswer, ChatRequest, QuestionOrConversation, RunRequest
from sentinel.api.services import Use
from sentinel.api.sse import EventStream
from sentinel.api.views import chat_answer
from sentinel.domain.runs import Run
from sentinel.errors import RequestError
from sentinel.runs.service import Question

router = APIRouter(prefix="/api/chat", tags=["chat"])

OnDisconnect = Annotated[Literal["continue", "cancel"], Query()]


@router.post("/stream", status_code=200, response_class=EventStream, responses=SSE_RESPONSES)
async def chat_stream(
    *,
    body: QuestionOrConversation,
    request: Request,
    services: Use,
    on_disconnect: OnDisconnect = "continue",
    idempotency_key: IdempotencyKey = None,
) -> EventStream:
    """Ask, and follow the run in the same response. Leaving does not stop the run unless `on_disconnect=cancel`."""
    caller = caller_of(request)
    run = await services.runs.ask(
        question_of(body, idempotency_key, caller)
        if isinstance(body, RunRequest)
        else _question_of_chat(body, idempotency_key, caller)
    )
    return follow_run(services, run.run_id, after=0, cancel_on_disconnect=on_disconnect == "cancel")


@router.post("", response_model=ChatAnswer)
async def chat(
    *, body: ChatRequest, request: Request, services: Use, idempotency_key: IdempotencyKey = None
) -> ChatAnswer | JSONResponse:
    """Ask, and wait for the finished answer."""
    run = await services.runs.ask(_question_of_chat(body, idempotency_key, caller_of(request)))
    ended = await services.runs.wait(run.run_id)
    if ended.error is not None:
        attempts = [attempt.to_dict() for attempt in ended.attempts]
        return problem_response(trace_id=trace_id_of(request), **ended.error, run_id=ended.run_id, attempts=attempts)
    return chat_answer(ended, await _answer_text(services, ended), trace_id_of(request))


async def _answer_text(services: Use, run: Run) -> str:
    messages = await services.threads.messages(run.thread_id)
    return next((message.text for message in messages if message.message_id == run.message_id), "")


def _question_of_chat(body: ChatRequest, idempotency_key: str | None, caller: str) -> Question:
    *history, last = body.messages
    if last.role != "user":
        message = "the last message must be the user's question"
        raise RequestError(message)
    return Question(
        text=last.content,
        options=body.options(),
        history=tuple((message.role, message.content) for message in history),
        idempotency_key=idempotency_key,
        caller=caller,
    )
