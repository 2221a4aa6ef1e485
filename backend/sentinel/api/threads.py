"""Threads: list, look, rename, archive, delete, export."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from sentinel.api.runs import Limit
from sentinel.api.schemas import MessageList, ThreadChange, ThreadPage, ThreadRequest, ThreadView
from sentinel.api.services import Use
from sentinel.api.views import message_views, thread_view
from sentinel.domain.messages import Message, Thread

router = APIRouter(prefix="/api/threads", tags=["threads"])


@router.get("")
async def list_threads(
    *,
    services: Use,
    query: Annotated[str | None, Query(max_length=200)] = None,
    archived: bool = False,
    limit: Limit = 50,
    cursor: str | None = None,
) -> ThreadPage:
    """List threads, last used first; `query` finds words in titles and messages."""
    page = await services.threads.list(query=query, archived=archived, limit=limit, cursor=cursor)
    return ThreadPage(items=[thread_view(thread) for thread in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201)
async def create_thread(services: Use, body: ThreadRequest | None = None) -> ThreadView:
    """Open an empty thread."""
    title = (body or ThreadRequest()).title
    return thread_view(await services.threads.create(services.ids.new(), title, services.clock.now()))


@router.get("/{thread_id}")
async def get_thread(thread_id: str, services: Use) -> ThreadView:
    """Show a thread."""
    return thread_view(await services.threads.get(thread_id))


@router.patch("/{thread_id}")
async def change_thread(thread_id: str, body: ThreadChange, services: Use) -> ThreadView:
    """Rename or archive a thread."""
    thread = await services.threads.update(thread_id, title=body.title, archived=body.archived)
    return thread_view(thread)


@router.delete("/{thread_id}", status_code=204)
async def delete_thread(thread_id: str, services: Use) -> None:
    """Delete a thread with its messages and runs; refused while one of its runs is active."""
    await services.threads.delete(thread_id)


@router.get("/{thread_id}/messages")
async def list_messages(thread_id: str, services: Use) -> MessageList:
    """List all messages of a thread; answers carry their run."""
    messages = await services.threads.messages(thread_id)
    return MessageList(items=message_views(messages, await services.threads.runs(thread_id)))


@router.get("/{thread_id}/export", responses={200: {"content": {"text/markdown": {}}}})
async def export_thread(
    thread_id: str, services: Use, format: Annotated[Literal["markdown", "json"], Query()] = "markdown"
) -> Response:
    """Download a thread."""
    thread = await services.threads.get(thread_id)
    messages = await services.threads.messages(thread_id)
    disposition = {"Content-Disposition": f'attachment; filename="thread-{thread_id}.{_SUFFIX[format]}"'}
    if format == "markdown":
        return PlainTextResponse(_markdown(thread, messages), media_type="text/markdown", headers=disposition)
    views = message_views(messages, await services.threads.runs(thread_id))
    content = {
        "thread": thread_view(thread).model_dump(mode="json"),
        "messages": [view.model_dump(mode="json", by_alias=True) for view in views],
    }
    return JSONResponse(content, headers=disposition)


_SUFFIX = {"markdown": "md", "json": "json"}


def _markdown(thread: Thread, messages: Sequence[Message]) -> str:
    parts = [f"# {thread.title}"]
    parts += [f"## {message.role.value.capitalize()}\n\n{message.text}" for message in messages]
    return "\n\n".join(parts) + "\n"
