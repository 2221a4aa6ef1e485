"""Runs over HTTP: ask, follow, come back, stop."""

import httpx
import pytest

from tests.support.bounded import bounded
from tests.support.sse import Frame, frames, read_events

LONG = "Explain circuit breakers in a long answer of 1000 words"


def text_of(events: list[Frame]) -> str:
    return "".join(frame.data["text"] for frame in events if frame.event == "token")


async def ask(http: httpx.AsyncClient, text: str = "Hello", **more: object) -> dict[str, str]:
    response = await http.post("/api/runs", json={"input": text, **more})
    assert response.status_code == 202, response.text
    accepted: dict[str, str] = response.json()
    return accepted


async def test_a_run_is_accepted_and_its_events_end_with_a_completion(http: httpx.AsyncClient) -> None:
    accepted = await ask(http)
    events = await read_events(http, accepted["events_url"])
    assert [frame.id for frame in events] == [str(number) for number in range(1, len(events) + 1)]
    assert {frame.event for frame in events} == {"status", "token", "completion"}
    assert all(frame.data["run_id"] == accepted["run_id"] for frame in events)
    assert text_of(events) == events[-1].data["text"]
    run = (await http.get(f"/api/runs/{accepted['run_id']}")).json()
    assert run["status"] == "completed"
    assert run["provider"] == "simulated-primary"
    assert run["attempts"][0]["class"] == "success"


async def test_a_reader_comes_back_with_its_last_event_id(http: httpx.AsyncClient) -> None:
    accepted = await ask(http)
    whole = await read_events(http, accepted["events_url"])
    by_header = await read_events(http, accepted["events_url"], headers={"Last-Event-ID": "3"})
    by_query = await read_events(http, accepted["events_url"] + "?after=3")
    assert by_header == by_query == whole[3:]


@pytest.mark.parametrize("beyond", [0, 1, 10**17])
async def test_a_reader_that_has_all_of_a_finished_run_is_told_to_stay_away(
    http: httpx.AsyncClient, beyond: int
) -> None:
    accepted = await ask(http)
    last = int((await read_events(http, accepted["events_url"]))[-1].id)
    response = await http.get(accepted["events_url"], headers={"Last-Event-ID": str(last + beyond)})
    assert (response.status_code, response.content) == (204, b"")
    assert (await http.get(f"{accepted['events_url']}?after={last + beyond}")).status_code == 204
    [terminal] = await read_events(http, accepted["events_url"] + f"?after={last - 1}")
    assert terminal.event == "completion"


async def test_a_reader_beyond_the_end_of_a_run_that_goes_on_is_taken_to_its_end(http: httpx.AsyncClient) -> None:
    accepted = await ask(http, LONG)
    async with http.stream("GET", accepted["events_url"], headers={"Last-Event-ID": str(10**9)}) as response:
        async for frame in frames(response):
            assert int(frame.id) >= 1
            break
    await http.post(f"/api/runs/{accepted['run_id']}/cancel")


async def test_a_cut_reader_and_a_second_reader_see_the_same_text(http: httpx.AsyncClient) -> None:
    accepted = await ask(http)
    seen: list[Frame] = []
    async with http.stream("GET", accepted["events_url"]) as response:
        async for frame in frames(response):
            seen.append(frame)
            if len(seen) == 6:
                break
    rest = await read_events(http, accepted["events_url"], headers={"Last-Event-ID": seen[-1].id})
    assert [*seen, *rest] == await read_events(http, accepted["events_url"])


async def test_stopping_is_quick_and_keeps_the_text(http: httpx.AsyncClient) -> None:
    accepted = await ask(http, LONG)
    held: list[Frame] = []
    async with http.stream("GET", accepted["events_url"]) as response:
        async for frame in frames(response):
            held.append(frame)
            if len(held) == 20:
                assert (await http.post(f"/api/runs/{accepted['run_id']}/cancel")).status_code == 202
    assert held[-1].event == "completion"
    assert held[-1].data["finish_reason"] == "cancelled"
    assert held[-1].data["text"] == text_of(held) != ""


async def test_asking_and_following_in_one_request(http: httpx.AsyncClient) -> None:
    events = await read_events(http, "/api/chat/stream", method="POST", json={"input": "Hello"})
    assert events[-1].event == "completion"


async def test_a_whole_conversation_can_be_sent(http: httpx.AsyncClient) -> None:
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello, I am simulated."},
        {"role": "user", "content": "What is a circuit breaker?"},
    ]
    events = await read_events(http, "/api/chat/stream", method="POST", json={"messages": messages})
    assert "circuit" in text_of(events).lower()
    answer = (await http.post("/api/chat", json={"messages": messages})).json()
    assert answer["status"] == "completed"
    assert answer["provider_used"] == "simulated-primary"
    assert answer["tokens_used"] > 0


async def test_leaving_does_not_stop_a_run_unless_asked_to(http: httpx.AsyncClient) -> None:
    stays = await leave_early(http, "/api/chat/stream")
    goes = await leave_early(http, "/api/chat/stream?on_disconnect=cancel")
    assert await end_of(http, goes) == "cancelled"
    assert (await http.get(f"/api/runs/{stays}")).json()["status"] in {"running", "completed"}
    await http.post(f"/api/runs/{stays}/cancel")


async def leave_early(http: httpx.AsyncClient, path: str) -> str:
    async with http.stream("POST", path, json={"input": LONG}) as response:
        async for frame in frames(response):
            if frame.event == "token":
                return str(frame.data["run_id"])
    raise AssertionError("there was no token")


async def end_of(http: httpx.AsyncClient, run_id: str) -> str:
    """Wait for the end of a run through its events."""
    await bounded(read_events(http, f"/api/runs/{run_id}/events"), 15)
    status: str = (await http.get(f"/api/runs/{run_id}")).json()["status"]
    return status


async def test_the_same_key_gives_the_same_run(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-66"}
    first, second = [await http.post("/api/runs", json={"input": "Hello"}, headers=headers) for _ in range(2)]
    other = await http.post("/api/runs", json={"input": "Something else"}, headers=headers)
    assert first.json()["run_id"] == second.json()["run_id"]
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_busy_thread_says_which_run_it_waits_for(http: httpx.AsyncClient) -> None:
    active = await ask(http, LONG)
    busy = await http.post("/api/runs", json={"input": "And?", "thread_id": active["thread_id"]})
    await http.post(f"/api/runs/{active['run_id']}/cancel")
    assert (busy.status_code, busy.json()["code"]) == (409, "thread_busy")
    assert busy.json()["active_run_id"] == active["run_id"]
    assert await end_of(http, active["run_id"]) == "cancelled"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"input": " "}, 422, "empty_input"),
        ({"input": "x" * 2001}, 413, "input_too_long"),
        ({"input": "x" * 100_001}, 413, "body_too_large"),
        ({"input": "Hello", "route": "nowhere"}, 404, "unknown_route"),
        ({"input": "Hello", "thread_id": "nothing"}, 404, "thread_not_found"),
        ({"input": "Hello", "temperature": 9}, 422, "invalid_request"),
        ({"inptu": "Hello"}, 422, "invalid_request"),
        ({"input": "Hello", "mode": "team"}, 422, "invalid_request"),
        ([], 422, "invalid_request"),
    ],
)
async def test_bad_questions_are_problems_with_a_code(
    http: httpx.AsyncClient, body: object, status: int, code: str
) -> None:
    response = await http.post("/api/runs", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["trace_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("content", [b"{bad", b"", b"\xff\xfe", b'"text"', b"null"])
async def test_a_body_that_is_no_json_is_a_problem(http: httpx.AsyncClient, content: bytes) -> None:
    response = await http.post("/api/runs", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("path", ["/api/runs/nothing", "/api/runs/nothing/events"])
async def test_an_unknown_run_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).json()["code"] == "run_not_found"


@pytest.mark.parametrize("given", ["abc", "-1", "1.5", "", "9" * 30, "٣"])
async def test_a_last_event_id_that_is_no_number_is_refused(http: httpx.AsyncClient, given: str) -> None:
    accepted = await ask(http)
    response = await http.get(accepted["events_url"], headers={b"Last-Event-ID": given.encode()})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert "Last-Event-ID" in response.json()["detail"]


@pytest.mark.parametrize("given", ["abc", "-1", "1.5"])
async def test_a_place_to_begin_that_is_no_number_is_refused(http: httpx.AsyncClient, given: str) -> None:
    accepted = await ask(http)
    response = await http.get(accepted["events_url"], params={"after": given})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert "after" in response.json()["detail"]


async def test_runs_are_listed_newest_first_in_pages(http: httpx.AsyncClient) -> None:
    asked = [(await ask(http))["run_id"] for _ in range(3)]
    for run_id in asked:
        assert await end_of(http, run_id) == "completed"
    first = (await http.get("/api/runs?limit=2&status=completed")).json()
    second = (await http.get(f"/api/runs?limit=2&status=completed&cursor={first['next_cursor']}")).json()
    listed = [run["run_id"] for run in [*first["items"], *second["items"]]]
    assert listed[:3] == asked[::-1]
