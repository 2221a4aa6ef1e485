"""One drive of one run: what its graph emits becomes events of its log, and is kept to end the run with.

A run is driven once, and once more after each crash; a later drive begins with what the earlier one left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt, Usage, total_cost
from sentinel.domain.events import Event, EventType, Phase
from sentinel.domain.money import nanos_of, usd
from sentinel.domain.routes import Midstream, Target
from sentinel.domain.runs import Run, RunEnding, RunStatus, ToolCall
from sentinel.domain.stores import RunLog
from sentinel.errors import Outcome, SentinelError
from sentinel.graph.context import Interruption
from sentinel.graph.emissions import Commit, Emission, Restart, Status, Token
from sentinel.graph.state import RunState
from sentinel.resilience.ledger import Ledger

CANCELLED = "cancelled"
INTERRUPTED = "interrupted"
_ATTEMPT_STEPS = (Phase.ATTEMPT_STARTED, Phase.ATTEMPT_FAILED)
_TOOL_ENDS = (Phase.TOOL_FINISHED, Phase.TOOL_FAILED, Phase.TOOL_UNAVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What an earlier drive left of the graph: its state at the last checkpoint (empty before its first step), and the
    nodes that come next."""

    values: RunState
    following: tuple[str, ...]

    @property
    def is_answering(self) -> bool:
        """Whether a model call comes next, made anew or for the first time."""
        return self.following in {("primary",), ("fallback",)}

    @property
    def is_calling_tools(self) -> bool:
        """Whether a round of tools comes next."""
        return self.following == ("tools",)


@dataclass(kw_only=True)
class Drive:
    """Writes one run's log. `text` is what readers hold now; `attempts` and `tool_calls` mirror the graph's ledger.

    `interrupted`: attempts that a crash broke off, which the graph has forgotten. `last_event_at` is monotonic.
    """

    run: Run
    log: RunLog
    clock: Clock
    text: str = ""
    first_token_seq: int | None = None
    ttft_ms: float | None = None
    attempts: list[Attempt] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    ending: RunEnding | None = None
    interrupted: list[Attempt] = field(default_factory=list)
    last_event_at: float = field(init=False)
    _open: dict[int, Attempt] = field(default_factory=dict)
    _open_tools: dict[str, ToolCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.last_event_at = self.clock.monotonic()

    def status(self, phase: Phase, **data: Any) -> None:
        """Append a status event."""
        self.log.append(EventType.STATUS, {"phase": phase.value, **data})
        self.last_event_at = self.clock.monotonic()

    def take(self, emission: Emission) -> None:
        """Turn one emission of the graph into the log."""
        match emission:
            case Token(text):
                self._token(text)
            case Status(phase, data):
                self._note_open(phase, data, self.clock.now())
                self.status(phase, **data)
            case Restart(kept_text):
                self.restart(kept_text)
            case Commit():
                message = "a commit is waited for, not taken"
                raise TypeError(message)
            case RunEnding():
                self.ending = emission

    async def commit(self, asked: Commit) -> None:
        """Commit everything emitted so far, and let who asked for it go on."""
        await self.log.flush()
        asked.done.set()

    @property
    def begun_tools(self) -> dict[str, ToolCall]:
        """The tool calls of the round under way, by id; those that ended have their result."""
        return dict(self._open_tools)

    def update(self, changes: RunState) -> None:
        """Mirror a node's state update, so that a cancelled run still has its ledger."""
        self.attempts += [Attempt.from_dict(row) for row in changes.get("attempts", ())]
        self.tool_calls += [ToolCall.from_dict(row) for row in changes.get("tool_calls", ())]
        self._open = {}
        self._open_tools = {}

    def broken_off(self, attempts: Sequence[Attempt]) -> None:
        """Take what was under way when the run was cancelled: what it has spent is known from here alone."""
        for attempt in attempts:
            if (begun := self._open.get(attempt.number)) is not None:
                self._open[attempt.number] = replace(attempt, ttft_ms=begun.ttft_ms, cause=begun.cause)

    def restart(self, kept_text: str) -> None:
        """Void the text that readers hold, except `kept_text`, which is sent again after the `restarted` event."""
        self.status(Phase.RESTARTED, discard_from_seq=self.first_token_seq or self.log.last_seq + 1)
        self.text, self.first_token_seq = "", None
        self._token(kept_text)

    def take_over(self, history: Sequence[Event], state: RunState) -> None:
        """Learn what an earlier drive left: its events, and the graph's state at its last checkpoint."""
        self.update(state)
        known = {attempt.number for attempt in self.attempts}
        last_at = self.run.created_at
        for event in history:
            self._replay(event, known, last_at)
            last_at = event.at
        self._end_interrupted(last_at)
        if not state.get("pending"):
            self._open_tools = {}  # their round is part of the state

    def recovered(self, *, by: str, was_paused: bool) -> None:
        """Say that the run goes on, why it had stopped, and who goes on with it."""
        lost = self.run.taken_over_from
        reason = "holder_lost" if lost is not None else "database_away" if was_paused else "handed_over"
        self.status(Phase.RECOVERED, recovered=self.run.recovered, reason=reason, by=by, left_by=lost)

    def resume(self, left: Left, *, midstream: Midstream) -> Interruption | None:
        """Compare what readers hold with the checkpoint: send what they lack, keep what the step under way had sent.

        Gives the latter, for the step to go on with. It is voided instead where the route wants answers to begin again,
        and where it cannot be a part of that step.
        """
        kept = left.values.get("text", "")
        if kept.startswith(self.text):
            self._token(kept[len(self.text) :])
            return None
        beyond = self.text.removeprefix(kept)
        restarts = midstream is Midstream.RESTART and left.is_answering
        if not self.text.startswith(kept) or restarts or not (left.is_answering or left.is_calling_tools):
            self.restart(kept)
            return None
        heard = next((attempt.target for attempt in reversed(self.interrupted) if attempt.ttft_ms is not None), None)
        return Interruption(beyond, target=heard, text_before=len(kept), attempts_before=len(left.values["attempts"]))

    async def finish(self, ending: RunEnding) -> RunEnding:
        """Commit the end: what waits, the terminal event, the answer and the ledger. Give it as it was committed."""
        latency_ms = _milliseconds(self.run.created_at, self.clock.now())
        attempts = sorted([*self.interrupted, *ending.attempts], key=lambda attempt: attempt.number)
        timed = replace(
            ending,
            ttft_ms=self.ttft_ms,
            latency_ms=latency_ms,
            text=self.text,
            attempts=tuple(attempts),
        )
        await self.log.finish(replace(timed, data=_payload(self.run, timed)))
        return timed

    def cancelled(self) -> RunEnding:
        """Give the ending of a run that its caller stopped: the partial text is kept."""
        self.attempts += self._broken_open(CANCELLED, self.clock.now())
        self._end_open_tools(CANCELLED)
        return self._broken_off(RunStatus.CANCELLED, EventType.COMPLETION, finish_reason=CANCELLED)

    def failed(self, error: SentinelError) -> RunEnding:
        """Give the ending of a run that an error of our own broke off."""
        problem = {"code": error.code, "detail": error.message, **error.extra}
        self.attempts += self._broken_open(INTERRUPTED, self.clock.now())
        self._end_open_tools(INTERRUPTED)
        return self._broken_off(RunStatus.FAILED, EventType.ERROR, error=problem)

    def _broken_off(self, status: RunStatus, event: EventType, **more: Any) -> RunEnding:
        ledger = Ledger.of(self.attempts)
        last = ledger.called[-1].target if ledger.called else None
        return RunEnding(
            **{"finish_reason": None, "error": None, **more},
            status=status,
            event=event,
            text=self.text,
            ended_at=self.clock.now(),
            provider=last.provider if last else None,
            model=last.model if last else None,
            usage=ledger.usage,
            failover_occurred=ledger.failover_occurred,
            failover_chain=ledger.chain,
            attempts=ledger.attempts,
            tool_calls=tuple(self.tool_calls),
        )

    def _token(self, text: str) -> None:
        if not text:
            return
        now = self.clock.now()
        self._note_first_token(now)
        if self.ttft_ms is None:
            self.ttft_ms = _milliseconds(self.run.created_at, now)
        self.log.append(EventType.TOKEN, {"text": text, "message_id": self.run.message_id})
        self.last_event_at = self.clock.monotonic()
        self.text += text
        if self.first_token_seq is None:
            self.first_token_seq = self.log.last_seq

    def _note_open(self, phase: Phase, data: dict[str, Any], at: datetime) -> None:
        """Remember what is under way, for the case that it is broken off."""
        if phase is Phase.ATTEMPT_STARTED:
            target = Target(data["provider"], data["model"])
            self._open[data["attempt"]] = Attempt(
                number=data["attempt"],
                target=target,
                outcome=Outcome.NEUTRAL,
                started_at=at,
                ended_at=at,
                duration_ms=0.0,
                hedge=data.get("hedge", False),
            )
        elif phase is Phase.ATTEMPT_FAILED and data["attempt"] in self._open:
            self._open[data["attempt"]] = _failed(self._open[data["attempt"]], data, at)
        elif phase is Phase.TOOL_STARTED:
            call_id, server, tool = data["tool_call_id"], data["server"], data["tool"]
            self._open_tools[call_id] = ToolCall(
                tool_call_id=call_id,
                server=server,
                tool=tool,
                arguments=data["arguments"],
                started_at=at,
                capability=data.get("capability"),
                effect=data.get("effect"),
            )
        elif phase in _TOOL_ENDS and data["tool_call_id"] in self._open_tools:
            self._open_tools[data["tool_call_id"]] = replace(
                self._open_tools[data["tool_call_id"]],
                server=data["server"],
                tool=data["tool"],
                ended_at=at,
                result=data["result"],
                is_error=phase is not Phase.TOOL_FINISHED,
                cause=data["cause"],
                duration_ms=data["duration_ms"],
                executed=data.get("executed"),
                attempts=tuple(data.get("attempts", ())),
            )

    def _note_first_token(self, at: datetime) -> None:
        speaking = next((attempt for attempt in self._open.values() if attempt.cause is None), None)
        if speaking is not None and speaking.ttft_ms is None:
            heard = replace(speaking, ttft_ms=_milliseconds(speaking.started_at, at))
            self._open[heard.number] = heard

    def _end_open_tools(self, cause: str) -> None:
        """Say honestly of calls that were under way that nobody knows what became of them."""
        now = self.clock.now()
        text = f"{cause.capitalize()}. Whether the tool acted is unknown."
        self.tool_calls += [
            call
            if call.ended_at is not None
            else replace(call, ended_at=now, result=text, is_error=True, cause=cause, executed="unknown")
            for call in self._open_tools.values()
        ]
        self._open_tools = {}

    def _replay(self, event: Event, known: set[int], last_at: datetime) -> None:
        if event.type is EventType.TOKEN:
            self._note_first_token(event.at)
            self.text += event.data["text"]
            self.first_token_seq = self.first_token_seq or event.seq
            self.ttft_ms = self.ttft_ms or _milliseconds(self.run.created_at, event.at)
            return
        phase = Phase(event.data["phase"])
        if phase is Phase.RESTARTED:
            self.text, self.first_token_seq = "", None
        elif phase in _ATTEMPT_STEPS and event.data["attempt"] not in known:
            if phase is Phase.ATTEMPT_STARTED and not event.data.get("hedge"):
                self._end_interrupted(last_at)
            self._note_open(phase, event.data, event.at)
        elif phase is Phase.TOOL_STARTED or phase in _TOOL_ENDS:
            self._note_open(phase, event.data, event.at)
        if phase is Phase.ATTEMPT_STARTED:
            self._open_tools = {}  # the round before it is over

    def _end_interrupted(self, at: datetime) -> None:
        """Book the attempts that the process died with, as far as its last sign of life."""
        self.interrupted += self._broken_open(INTERRUPTED, at)
        self._open = {}

    def _broken_open(self, cause: str, at: datetime) -> list[Attempt]:
        """End what is under way; the attempt that was heard, or else the first, comes last, as in the ledger."""
        under_way = sorted(self._open.values(), key=lambda attempt: (attempt.cause is None, -attempt.number))
        return [attempt if attempt.cause else _broken(attempt, cause, at) for attempt in under_way]


def _broken(attempt: Attempt, cause: str, at: datetime) -> Attempt:
    return replace(attempt, cause=cause, ended_at=at, duration_ms=_milliseconds(attempt.started_at, at))


def _failed(attempt: Attempt, data: dict[str, Any], at: datetime) -> Attempt:
    """Book what its event says of an attempt that failed; logs of earlier versions say less."""
    usage = Usage.from_dict(data["usage"]) if data.get("usage") else None
    broken = _broken(attempt, data["cause"], at)
    cost = nanos_of(data.get("cost_usd"))
    return replace(broken, outcome=Outcome(data["class"]), detail=data.get("detail"), usage=usage, cost_nanos=cost)


def _milliseconds(start: datetime, end: datetime) -> float:
    """Give how long it took; what crosses a clock that was set back took no less than nothing."""
    return round(max(end - start, timedelta()).total_seconds() * 1000, 3)


def _payload(run: Run, ending: RunEnding) -> dict[str, Any]:
    """Give the terminal event's data, in the shape of the contract."""
    common = {
        "cost_usd": usd(total_cost(ending.attempts)),
        "attempts": [attempt.to_dict() for attempt in ending.attempts],
    }
    if ending.event is EventType.ERROR:
        return {**(ending.error or {}), "partial_text": ending.text, **common}
    return {
        "message_id": run.message_id,
        "text": ending.text,
        "provider": ending.provider,
        "model": ending.model,
        "finish_reason": ending.finish_reason,
        "usage": ending.usage.to_dict(),
        "ttft_ms": ending.ttft_ms,
        "latency_ms": ending.latency_ms,
        "failover_occurred": ending.failover_occurred,
        "failover_chain": list(ending.failover_chain),
        "degraded": ending.failover_occurred,
        "tool_calls": [call.to_dict() for call in ending.tool_calls],
        **common,
    }
