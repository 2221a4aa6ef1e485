"""What must hold of every run, seen from outside, whatever was killed while it ran."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.model.conversation import Conversation, Message, ToolCall
from simulator.model.script import reply
from tests.cluster.driver import Told
from tests.cluster.orders import CANCELLED, COMPLETED, FAILED, MOST_CUTS
from tests.cluster.reading import TERMINAL, Seen, text_of

_INTRODUCTION = re.compile(r"\AI am `[^`]+`, a simulated model on the \w+ wire[^\n]*\n\n")
_TOOL = "counting__book"
_SAME_IN_BOTH = ("provider", "model", "usage", "ttft_ms", "latency_ms", "failover_occurred", "failover_chain")


@dataclass(frozen=True)
class Evidence:
    """All that is known of one run when it is over: what readers saw, what is stored, and what it says of itself."""

    told: Told
    stored: list[Seen]
    view: dict[str, Any]
    message: str | None
    """The answer in its thread, if there is one."""

    @property
    def last(self) -> dict[str, Any]:
        """The terminal event's data."""
        return self.stored[-1].data

    @property
    def text(self) -> str:
        """The text that readers hold at the end."""
        return text_of(self.stored)


def broken(evidence: Evidence) -> list[str]:
    """Name every invariant that a run breaks; none for a run as it should be."""
    if not evidence.stored:
        return ["log: it is empty"]
    ending = (_ending, _text, _view, _recoveries) if evidence.stored[-1].type in TERMINAL else ()
    checks = (_log, _live, *ending)
    return [complaint for check in checks for complaint in check(evidence)]


def _log(evidence: Evidence) -> Iterator[str]:
    numbers = [event.seq for event in evidence.stored]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"contiguous: the numbers of the log are {numbers}"
    ends = [event.seq for event in evidence.stored if event.type in TERMINAL]
    if ends != numbers[-1:]:
        yield f"one end: terminal events at {ends} of {numbers[-1:]}"


def _live(evidence: Evidence) -> Iterator[str]:
    stored = [event.raw for event in evidence.stored]
    for reading in evidence.told.readings:
        yield from (f"live ({reading.habit}): {complaint}" for complaint in reading.complaints)
        seen = [event.raw for event in reading.events]
        if seen != stored:
            different = next((n for n, pair in enumerate(zip(seen, stored, strict=False)) if pair[0] != pair[1]), None)
            where = (
                f"event {different + 1} differs" if different is not None else f"{len(seen)} of {len(stored)} events"
            )
            yield f"live equals replay ({reading.habit}): {where}"


def _ending(evidence: Evidence) -> Iterator[str]:
    told, status = evidence.told, evidence.view["status"]
    if status == FAILED:
        code = evidence.last.get("code")
        is_worn_out = code == "run_interrupted" and evidence.view["recovered"] > MOST_CUTS
        was_frozen = told.order.kind.is_timed and "loop_lag" in {row["cause"] for row in evidence.view["attempts"]}
        if code not in told.order.kind.errors and not is_worn_out and not was_frozen:
            yield f"ending: {code}: {evidence.last.get('detail')}"
    elif status == CANCELLED and not told.was_cancelled:
        yield "ending: nobody cancelled it"
    elif status == COMPLETED and told.order.kind.errors:
        yield "ending: it cannot have an answer"
    elif status not in {COMPLETED, CANCELLED}:
        yield f"ending: its status is {status}"


def _text(evidence: Evidence) -> Iterator[str]:
    is_error = evidence.stored[-1].type == "error"
    said = evidence.last["partial_text" if is_error else "text"]
    if evidence.text != said:
        yield f"text: tokens give {evidence.text!r}, the end says {said!r}"
    if not is_error and evidence.message is not None and evidence.message != said:
        yield f"text: the thread has {evidence.message!r}, the end says {said!r}"
    answer, wanted = _INTRODUCTION.sub("", evidence.text), reference(evidence)
    if evidence.view["status"] == COMPLETED and answer != wanted:
        yield f"reference: {answer!r} instead of {wanted!r}"
    elif not _begins_like(evidence.text, wanted):
        yield f"reference: {evidence.text!r} is no beginning of {wanted!r}"


def _begins_like(text: str, wanted: str) -> bool:
    """Whether a partial text is the beginning of the answer, with or without its introduction."""
    introduction = "I am `"
    if text.startswith(introduction):
        return "\n\n" not in text or wanted.startswith(_INTRODUCTION.sub("", text))
    return wanted.startswith(text) or introduction.startswith(text)


def reference(evidence: Evidence) -> str:
    """Give what the scripted model says to the question, or to what the tool told it, without its introduction."""
    question = Message("user", evidence.told.order.text)
    calls = evidence.view["tool_calls"]
    turns = [question]
    if calls:
        asked = tuple(ToolCall(_TOOL, call["arguments"], id=call["tool_call_id"]) for call in calls)
        turns.append(Message("assistant", tool_calls=asked))
        turns += [Message("tool", call["result"], tool_call_id=call["tool_call_id"]) for call in calls]
    answer = reply(Conversation("sim-large", "OpenAI", tuple(turns)))
    return _INTRODUCTION.sub("", answer.text)


def _view(evidence: Evidence) -> Iterator[str]:
    view, last, end = evidence.view, evidence.last, evidence.stored[-1].type
    if (end == "error") != (view["status"] == FAILED):
        yield f"view: {view['status']} after {end}"
    if end == "completion" and (last["finish_reason"] == CANCELLED) != (view["status"] == CANCELLED):
        yield f"view: {view['status']} after finish reason {last['finish_reason']}"
    names = _SAME_IN_BOTH if end == "completion" else ()
    differing = [name for name in names if view[name] != last[name]]
    if differing:
        yield f"view: {differing} differ: {[(view[name], last[name]) for name in differing]}"
    if _receipt(view["attempts"]) != _receipt(last["attempts"]):
        yield f"view: the attempts are {_receipt(view['attempts'])}, the end says {_receipt(last['attempts'])}"


def _receipt(attempts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give attempts without their times, which the two write differently."""
    return [{name: value for name, value in row.items() if name not in {"started_at", "ended_at"}} for row in attempts]


def _recoveries(evidence: Evidence) -> Iterator[str]:
    """Each death of a holder is counted once; who hands a run over does not count."""
    events = [event.data for event in evidence.stored if event.data.get("phase") == "recovered"]
    said = [event["recovered"] for event in events]
    deaths = [event["recovered"] for event in events if event["reason"] == "holder_lost"]
    if said != sorted(said) or deaths != sorted(set(deaths)) or any(n > evidence.view["recovered"] for n in said):
        yield f"recovered: the log says {said}, {deaths} of them for a death, the run {evidence.view['recovered']}"


def bookings_broken(booked: Sequence[str], evidence: Sequence[Evidence]) -> list[str]:
    """Name every booking that was made twice, that nobody ordered, or that its run tells otherwise."""
    counts = Counter(booked)
    wrong = [f"executed twice: {key} was booked {count} times" for key, count in counts.items() if count > 1]
    orders = {each.told.order.key for each in evidence if each.told.order.kind.is_booking}
    wrong += [f"executed: nobody ordered {key}" for key in counts.keys() - orders]
    for each in evidence:
        wrong += _booking_told_wrong(each, counts[each.told.order.key])
    return wrong


def _booking_told_wrong(evidence: Evidence, count: int) -> Iterator[str]:
    for call in evidence.view["tool_calls"]:
        if call["executed"] in {"yes", "no"} and (call["executed"] == "yes") != bool(count):
            yield f"executed: {evidence.told.order.key} says {call['executed']!r}, and it was booked {count} times"
