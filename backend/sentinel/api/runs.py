"""Runs: ask, look, follow, stop."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from sentinel.api.schemas import RunAccepted, RunPage, RunRequest, RunView
from sentinel.api.services import Services, Use
from sentinel.api.sse import LIFE_SECONDS, EventStream, resume_point
from sentinel.api.views import run_accepted, run_view
from sentinel.domain.runs import RunStatus
from sentinel.runs.service import Question

router = APIRouter(prefix="/api/runs", tags=["runs"])

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
Limit = Annotated[int, Query(ge=1, le=200)]

SSE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events of the run; see `docs/events.md`.", "content": {"text/event-stream": {}}}
}
_FOLLOW_RESPONSES = SSE_RESPONSES | {204: {"description": "The run has ended, and the reader has all of it."}}


def caller_of(request: Request) -> str:
    """Say whose request it is: the address, until callers have keys. Callers take turns where runs have to wait."""
    return request.client.host if request.client else ""


def question_of(body: RunRequest, idempotency_key: str | None, caller: str) -> Question:
    """Read the question of a request."""
    return Question(
        text=body.input,
        options=body.options(),
        thread_id=body.thread_id,
        parent_given="parent_message_id" in body.model_fields_set,
        parent_message_id=body.parent_message_id,
        idempotency_key=idempotency_key,
        caller=caller,
    )


def follow_run(services: Services, run_id: str, *, after: int, cancel_on_disconnect: bool = False) -> EventStream:
    """Answer with a run's events."""

    async def cancel() -> None:
        await services.runs.cancel(run_id)

    return EventStream(
        lambda start: services.runs.follow(run_id, after=start, most_seconds=LIFE_SECONDS),
        after=after,
        on_left_early=cancel if cancel_on_disconnect else None,
    )


@router.post("", status_code=202)
async def ask(
    *, body: RunRequest, request: Request, services: Use, idempotency_key: IdempotencyKey = None
) -> RunAccepted:
    """Store a question and start to answer it; the answer is in the run's events."""
    return run_accepted(await services.runs.ask(question_of(body, idempotency_key, caller_of(request))))


@router.get("")
async def list_runs(
    *,
    services: Use,
    status: RunStatus | None = None,
    thread_id: str | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> RunPage:
    """List runs, newest first."""
    page = await services.runs.list(status=status, thread_id=thread_id, limit=limit, cursor=cursor)
    return RunPage(items=[run_view(run) for run in page.items], next_cursor=page.next_cursor)


@router.get("/{run_id}")
async def get_run(run_id: str, services: Use) -> RunView:
    """Show a run with its receipt."""
    return run_view(await services.runs.get(run_id))


@router.get(
    "/{run_id}/events",
    status_code=200,
    response_class=EventStream,
    response_model=None,
    responses=_FOLLOW_RESPONSES,
)
async def follow(
    *, run_id: str, request: Request, services: Use, after: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """Follow a run's events from the start, or after `Last-Event-ID` or `?after=`; ends after the terminal event.

    204 tells a reader that has all of a finished run to stop coming back, as browsers would for ever.
    """
    start = resume_point(request, after)
    head = await services.runs.head(run_id)
    if head.ended and start >= head.last_seq:
        return Response(status_code=204)
    return follow_run(services, run_id, after=start)


@router.post("/{run_id}/cancel", status_code=202)
async def cancel(run_id: str, services: Use) -> RunView:
    """Stop a run; its partial text is kept. A run that has ended stays as it is."""
    return run_view(await services.runs.cancel(run_id))
