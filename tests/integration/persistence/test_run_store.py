"""What a store of runs promises, over SQLite, over PostgreSQL and in memory."""

import asyncio
from typing import Any

import pytest

from sentinel.domain.messages import Role
from sentinel.domain.runs import EarlierMessage, RunMode, RunOptions, RunStatus
from sentinel.errors import (
    IdempotencyConflictError,
    MessageNotFoundError,
    RequestError,
    RunNotFoundError,
    ThreadBusyError,
    ThreadNotFoundError,
)
from tests.support.run_builders import at, completed
from tests.support.stores import Stores


async def test_a_question_opens_a_thread_with_its_message_its_run_and_a_queued_event(stores: Stores) -> None:
    options = RunOptions(route="careful", mode=RunMode.TEAM, temperature=0.5, max_tokens=10)
    run = await stores.ask("Why?", options=options, title="A title")

    assert (run.status, run.thread_id, run.last_seq, run.fence) == (RunStatus.QUEUED, "thread-1", 1, 0)
    assert await stores.runs.get("run-1") == run
    assert run.options == options
    assert run.created_at == at(1)
    thread = await stores.threads.get("thread-1")
    assert (thread.title, thread.active_run_id, thread.updated_at) == ("A title", "run-1", at(1))
    [message] = await stores.threads.messages("thread-1")
    assert (message.message_id, message.role, message.text) == ("question-1", Role.USER, "Why?")
    assert message.parent_message_id is None
    [queued] = await stores.events.read("run-1", after=0)
    assert (queued.seq, queued.at, queued.data) == (1, at(1), {"phase": "queued"})


async def test_a_question_follows_the_newest_message_of_its_thread(stores: Stores) -> None:
    await stores.answer(await stores.ask())
    await stores.ask("And then?", thread_id="thread-1")

    messages = await stores.threads.messages("thread-1")
    assert [m.message_id for m in messages] == ["question-1", "answer-1", "question-2"]
    assert [m.parent_message_id for m in messages] == [None, "question-1", "answer-1"]
    assert (await stores.threads.get("thread-1")).updated_at == at(2)


async def test_a_question_may_name_the_message_that_it_answers(stores: Stores) -> None:
    await stores.answer(await stores.ask())
    await stores.answer(await stores.ask(thread_id="thread-1"))
    await stores.answer(await stores.ask(thread_id="thread-1", parent_given=True, parent_message_id="answer-1"))
    await stores.ask(thread_id="thread-1", parent_given=True, parent_message_id=None)

    parents = {m.message_id: m.parent_message_id for m in await stores.threads.messages("thread-1")}
    assert (parents["question-3"], parents["question-4"]) == ("answer-1", None)


async def test_a_question_to_an_unknown_thread_or_message_is_refused_and_leaves_nothing(stores: Stores) -> None:
    await stores.answer(await stores.ask())
    await stores.answer(await stores.ask())
    with pytest.raises(ThreadNotFoundError):
        await stores.ask(thread_id="nowhere")
    with pytest.raises(MessageNotFoundError):
        await stores.ask(thread_id="thread-1", parent_given=True, parent_message_id="answer-2")
    with pytest.raises(MessageNotFoundError):
        await stores.ask(parent_given=True, parent_message_id="answer-1")

    page = await stores.threads.list(query=None, archived=False, limit=10, cursor=None)
    assert {thread.thread_id for thread in page.items} == {"thread-1", "thread-2"}
    assert len(await stores.threads.messages("thread-1")) == 2


async def test_a_new_thread_can_begin_with_what_was_said_before(stores: Stores) -> None:
    history = (
        EarlierMessage("m1", Role.SYSTEM, "Be brief."),
        EarlierMessage("m2", Role.USER, "Hi"),
        EarlierMessage("m3", Role.ASSISTANT, "Hello"),
    )
    await stores.ask("Why?", history=history)

    messages = await stores.threads.messages("thread-1")
    assert [(m.message_id, m.parent_message_id) for m in messages] == [
        ("m1", None), ("m2", "m1"), ("m3", "m2"), ("question-1", "m3"),
    ]  # fmt: skip
    assert await stores.runs.conversation("run-1") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Why?"},
    ]


async def test_a_thread_takes_one_run_at_a_time_and_says_which(stores: Stores) -> None:
    run = await stores.ask()
    with pytest.raises(ThreadBusyError) as refused:
        await stores.ask(thread_id="thread-1")
    assert refused.value.extra == {"active_run_id": "run-1"}
    assert len(await stores.threads.messages("thread-1")) == 1

    await stores.answer(run)
    assert (await stores.ask(thread_id="thread-1")).status is RunStatus.QUEUED


async def test_of_many_questions_at_once_to_one_thread_exactly_one_is_accepted(stores: Stores) -> None:
    await stores.threads.create("thread", "Busy", at(0))
    outcomes = await asyncio.gather(*(stores.ask(thread_id="thread") for _ in range(8)), return_exceptions=True)

    [accepted] = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ThreadBusyError)]
    assert len(refused) == 7
    assert {error.extra["active_run_id"] for error in refused} == {accepted.run_id}
    assert len(await stores.threads.messages("thread")) == 1


async def test_a_repeated_idempotency_key_gives_the_first_run_again(stores: Stores) -> None:
    key: dict[str, Any] = {"idempotency_key": "k", "request_hash": "h"}
    run = await stores.ask(**key)
    assert await stores.ask(**key) == run
    await stores.answer(run)
    again = await stores.ask(**key)
    assert (again.run_id, again.status) == ("run-1", RunStatus.COMPLETED)


async def test_an_idempotency_key_cannot_be_used_for_another_request(stores: Stores) -> None:
    await stores.ask(idempotency_key="k", request_hash="h")
    with pytest.raises(IdempotencyConflictError):
        await stores.ask(idempotency_key="k", request_hash="other")
    assert (await stores.ask(idempotency_key="k2", request_hash="other")).run_id == "run-3"


async def test_one_key_used_many_times_at_once_makes_one_run_and_one_thread(stores: Stores) -> None:
    runs = await asyncio.gather(*(stores.ask(idempotency_key="k", request_hash="h") for _ in range(8)))

    assert len({run.run_id for run in runs}) == 1
    assert len((await stores.threads.list(query=None, archived=False, limit=10, cursor=None)).items) == 1


async def test_one_key_used_many_times_at_once_on_a_thread_makes_one_run(stores: Stores) -> None:
    """Who waited for the thread while a copy of its request took it is not refused: it gets the run of the copy."""
    await stores.threads.create("thread", "Busy", at(0))
    key: dict[str, Any] = {"idempotency_key": "k", "request_hash": "h", "thread_id": "thread"}
    runs = await asyncio.gather(*(stores.ask(**key) for _ in range(8)))
    assert len({run.run_id for run in runs}) == 1


async def test_a_wish_to_cancel_is_noted_while_the_run_is_active(stores: Stores) -> None:
    run = await stores.ask()
    assert (await stores.runs.request_cancel(run.run_id)).cancel_requested
    assert (await stores.claim(run)).cancel_requested
    ended = await stores.answer(await stores.ask())
    assert not (await stores.runs.request_cancel(ended.run_id)).cancel_requested
    with pytest.raises(RunNotFoundError):
        await stores.runs.request_cancel("nothing")


async def test_runs_are_listed_newest_first_in_pages(stores: Stores) -> None:
    for _ in range(5):
        await stores.ask(at=at(7))  # the same moment: the id decides
    seen, cursor = [], None
    for expected in (2, 2, 1):
        page = await stores.runs.list(status=None, thread_id=None, limit=2, cursor=cursor)
        assert len(page.items) == expected
        seen += [run.run_id for run in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == ["run-5", "run-4", "run-3", "run-2", "run-1"]


async def test_runs_are_listed_by_status_and_by_thread(stores: Stores) -> None:
    await stores.answer(await stores.ask())
    await stores.ask(thread_id="thread-1")
    await stores.ask()

    async def listed(status: RunStatus | None, thread_id: str | None) -> list[str]:
        page = await stores.runs.list(status=status, thread_id=thread_id, limit=10, cursor=None)
        return [run.run_id for run in page.items]

    assert await listed(RunStatus.QUEUED, None) == ["run-3", "run-2"]
    assert await listed(None, "thread-1") == ["run-2", "run-1"]
    assert await listed(RunStatus.COMPLETED, "thread-1") == ["run-1"]


@pytest.mark.parametrize("cursor", ["", "!", "bm9uc2Vuc2U", "WzEsMl0", "é", "W10", "WyIyMDI2LTAxLTAxIiwgImEiXQ"])
async def test_a_cursor_of_nobodys_making_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(RequestError):
        await stores.runs.list(status=None, thread_id=None, limit=2, cursor=cursor)
    with pytest.raises(RequestError):
        await stores.threads.list(query=None, archived=False, limit=2, cursor=cursor)


async def test_the_conversation_is_the_path_to_the_question_without_empty_answers(stores: Stores) -> None:
    await stores.converse(stores.questions.ask("One"), "1")
    await stores.converse(stores.questions.ask("Two", thread_id="thread-1"), " ")
    await stores.converse(stores.questions.ask("Three", thread_id="thread-1"), "3")
    edited = {"thread_id": "thread-1", "parent_given": True, "parent_message_id": "answer-2"}
    await stores.ask("Three, edited", **edited)

    assert await stores.runs.conversation("run-4") == [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two"},
        {"role": "user", "content": "Three, edited"},
    ]


async def test_a_run_that_does_not_exist_is_not_found(stores: Stores) -> None:
    with pytest.raises(RunNotFoundError, match="nothing"):
        await stores.runs.get("nothing")
    with pytest.raises(RunNotFoundError):
        await stores.runs.conversation("nothing")
    assert await stores.events.read("nothing", after=0) == []


async def test_the_heads_of_logs_tell_how_far_they_reach_and_whether_they_have_ended(stores: Stores) -> None:
    await stores.answer(await stores.ask(), completed())
    await stores.ask()

    heads = await stores.events.heads(["run-1", "run-2", "nothing"])
    assert {run_id: (head.last_seq, head.ended) for run_id, head in heads.items()} == {
        "run-1": (3, True),
        "run-2": (1, False),
    }
    assert await stores.events.heads([]) == {}


async def test_a_reader_may_ask_for_any_place_in_the_log(stores: Stores) -> None:
    await stores.answer(await stores.ask())
    assert [event.seq for event in await stores.events.read("run-1", after=-(10**30))] == [1, 2, 3]
    assert [event.seq for event in await stores.events.read("run-1", after=1, limit=1)] == [2]
    assert await stores.events.read("run-1", after=10**30) == []
