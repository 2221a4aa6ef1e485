/**
 * The pure heart of the chat: `reduce(state, event)` folds a run's event log into
 * what the screen shows. Replaying the log from the start always gives the same state.
 */
import { endDangling, endTool, fallBack, startTool } from "@/features/chat/stream/reduce-tools";
import {
  doing,
  retryAtOf,
  toolView,
  type AttemptView,
  type Mark,
  type RunState,
} from "@/features/chat/stream/run-state";
import type {
  CompletionEvent,
  ErrorEvent,
  KnownPhase,
  RunEvent,
  StatusEvent,
  TokenEvent,
} from "@/types/events";
import type { CircuitState } from "@/types/wire";

export function reduce(state: RunState, event: RunEvent): RunState {
  if (event.seq <= state.lastSeq || event.run_id !== state.runId) return state;
  const next = { ...state, lastSeq: event.seq };
  switch (event.type) {
    case "status":
      return reduceStatus(next, event);
    case "token":
      return reduceToken(next, event);
    case "completion":
      return reduceCompletion(next, event);
    case "error":
      return reduceError(next, event);
  }
}

type StatusReducer = (state: RunState, event: StatusEvent) => RunState;

const PHASES: Partial<Record<KnownPhase, StatusReducer>> = {
  queued: (state, event) => ({ ...doing(state, { kind: "queued", at: event.at }), queuedAt: event.at }),
  started: (state, event) => ({
    ...doing(state, { kind: "started", at: event.at, route: event.route ?? null }),
    status: "running",
  }),
  attempt_started: startAttempt,
  attempt_failed: failAttempt,
  retrying: (state, event) =>
    doing(state, { kind: "retrying", at: event.at, provider: event.provider ?? "" }),
  failover: failOver,
  restarted: restart,
  continued: (state, event) =>
    doing(state, { kind: "continued", at: event.at, provider: event.provider ?? "" }),
  breaker_opened: (state, event) => circuit(state, event, "open"),
  breaker_half_open: (state, event) => circuit(state, event, "half_open"),
  breaker_closed: (state, event) => circuit(state, event, "closed"),
  tool_started: startTool,
  tool_fallback: fallBack,
  tool_finished: (state, event) => endTool(state, event, "finished"),
  tool_failed: (state, event) => endTool(state, event, "failed"),
  tool_unavailable: (state, event) => endTool(state, event, "failed"),
  recovered: recover,
  draining: (state, event) => doing(state, { kind: "draining", at: event.at }),
  heartbeat: (state) => state,
  snapshot: takeSnapshot,
};

function reduceStatus(state: RunState, event: StatusEvent): RunState {
  const reducer = Object.hasOwn(PHASES, event.phase) ? PHASES[event.phase as KnownPhase] : undefined;
  return reducer ? reducer(state, event) : doing(state, { kind: "other", at: event.at, phase: event.phase });
}

/** What came before is not kept any more; the whole text is. */
function takeSnapshot(state: RunState, event: StatusEvent): RunState {
  return {
    ...state,
    messageId: event.message_id ?? state.messageId,
    text: event.text ?? "",
    marks: { seq: event.seq, offset: 0, before: null },
    recovered: event.recovered ?? state.recovered,
  };
}

/** A circuit that moves while text is flowing is no news to the reader of the text. */
function circuit(state: RunState, event: StatusEvent, to: CircuitState): RunState {
  if (state.doing.kind === "answering") return state;
  return doing(state, { kind: "circuit", at: event.at, key: event.key ?? "", state: to });
}

function startAttempt(state: RunState, event: StatusEvent): RunState {
  const attempt = attemptOf(event, { class: null, skipped: false });
  if (attempt.hedge) return startHedge(state, attempt);
  return {
    ...doing(state, {
      kind: "asking",
      at: event.at,
      provider: attempt.provider,
      model: attempt.model,
      attempt: attempt.attempt,
    }),
    status: "running",
    provider: attempt.provider,
    model: attempt.model,
    attempts: [...state.attempts, attempt],
  };
}

/** A second target is asked while the first is silent; who of them answers is not known yet. */
function startHedge(state: RunState, attempt: AttemptView): RunState {
  const { provider, started_at: at } = attempt;
  return {
    ...doing(state, { kind: "hedging", at, provider, slow: state.provider }),
    attempts: [...state.attempts, attempt],
  };
}

function failAttempt(state: RunState, event: StatusEvent): RunState {
  const { provider = "", cause = null } = event;
  const attempts = closeAttempt(state.attempts, event);
  const other = attempts.find((attempt) => attempt.class === null);
  if (other) return goOnWith(other, { ...state, attempts }, event.at);
  return { ...doing(state, { kind: "failed_attempt", at: event.at, provider, cause }), attempts };
}

/** One of two is out, and the other one goes on. */
function goOnWith(other: AttemptView, state: RunState, at: string): RunState {
  const { provider, model, attempt } = other;
  return { ...doing(state, { kind: "asking", at, provider, model, attempt }), provider, model };
}

/** A failover names the target that was left; one that was never called is a skipped attempt. */
function failOver(state: RunState, event: StatusEvent): RunState {
  const { provider = "", cause = null, next = null } = event;
  const called = state.attempts.some((attempt) => isSameAttempt(attempt, event));
  const attempts = called
    ? closeAttempt(state.attempts, event)
    : [...state.attempts, attemptOf(event, { class: event.class ?? "neutral", skipped: true })];
  return {
    ...doing(state, { kind: "switching", at: event.at, provider, cause, next }),
    attempts,
    failoverOccurred: true,
  };
}

function reduceToken(state: RunState, event: TokenEvent): RunState {
  const answering = state.doing.kind === "answering";
  return {
    ...state,
    status: "running",
    doing: answering
      ? state.doing
      : { kind: "answering", at: state.firstTokenAt ?? event.at, provider: state.provider },
    messageId: event.message_id,
    text: state.text + event.text,
    marks: { seq: event.seq, offset: state.text.length, before: state.marks },
    firstTokenAt: state.firstTokenAt ?? event.at,
    lastTokenAt: event.at,
  };
}

/** Forget the text of every token event at or after the given sequence number. */
function restart(state: RunState, event: StatusEvent): RunState {
  const from = event.discard_from_seq ?? 0;
  let kept: Mark | null = state.marks;
  let length = state.text.length;
  while (kept && kept.seq >= from) {
    length = kept.offset;
    kept = kept.before;
  }
  return {
    ...doing(state, { kind: "restarted", at: event.at }),
    text: state.text.slice(0, length),
    marks: kept,
  };
}

/** Another process picked the run up: what was running when the first one died is over. */
function recover(state: RunState, event: StatusEvent): RunState {
  return {
    ...doing(state, { kind: "recovered", at: event.at }),
    recovered: event.recovered ?? state.recovered + 1,
    attempts: state.attempts.map((attempt) =>
      attempt.class === null
        ? { ...attempt, class: "neutral", cause: "interrupted", ended_at: event.at, duration_ms: null }
        : attempt,
    ),
  };
}

function reduceCompletion(state: RunState, event: CompletionEvent): RunState {
  return {
    ...doing(state, { kind: "ended", at: event.at }),
    status: event.finish_reason === "cancelled" ? "cancelled" : "completed",
    messageId: event.message_id,
    text: event.text,
    provider: event.provider,
    model: event.model,
    usage: event.usage,
    costUsd: event.cost_usd ?? null,
    ttftMs: event.ttft_ms,
    latencyMs: event.latency_ms,
    failoverOccurred: event.failover_occurred,
    finishReason: event.finish_reason,
    degraded: event.degraded,
    attempts: finalAttempts(state, event.attempts),
    tools: event.tool_calls.map(toolView),
  };
}

function reduceError(state: RunState, event: ErrorEvent): RunState {
  const { title, status, detail, code, trace_id = null } = event;
  return {
    ...doing(state, { kind: "ended", at: event.at }),
    status: "failed",
    text: event.partial_text,
    costUsd: event.cost_usd ?? null,
    error: { type: "about:blank", title, status, detail, code, trace_id },
    retryAt: retryAtOf(event, event.at),
    attempts: finalAttempts(state, event.attempts),
    tools: state.tools.map((tool) => endDangling(tool, event.at)),
  };
}

/** The server's own ledger replaces what was pieced together on the way. */
function finalAttempts(state: RunState, attempts: AttemptView[]): AttemptView[] {
  return attempts.length > 0 ? attempts : state.attempts;
}

function attemptOf(event: StatusEvent, how: Pick<AttemptView, "class" | "skipped">): AttemptView {
  return {
    attempt: event.attempt ?? 1,
    provider: event.provider ?? "",
    model: event.model ?? "",
    ...how,
    cause: event.cause ?? null,
    detail: event.detail ?? null,
    status_code: event.status_code ?? null,
    started_at: event.at,
    ended_at: how.skipped ? event.at : null,
    ttft_ms: null,
    duration_ms: how.skipped ? 0 : null,
    usage: null,
    cost_usd: null,
    skipped_frames: 0,
    breaker_state: null,
    splice_offset: null,
    hedge: event.hedge ?? false,
  };
}

function closeAttempt(attempts: AttemptView[], event: StatusEvent): AttemptView[] {
  return attempts.map((attempt) =>
    isSameAttempt(attempt, event) && attempt.class === null
      ? {
          ...attempt,
          class: event.class ?? "failure",
          cause: event.cause ?? null,
          detail: event.detail ?? null,
          status_code: event.status_code ?? null,
          ended_at: event.at,
          duration_ms: Date.parse(event.at) - Date.parse(attempt.started_at),
        }
      : attempt,
  );
}

function isSameAttempt(attempt: AttemptView, event: StatusEvent): boolean {
  return (
    attempt.attempt === event.attempt && attempt.provider === event.provider && attempt.model === event.model
  );
}
