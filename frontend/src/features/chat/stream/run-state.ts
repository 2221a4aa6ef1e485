/**
 * What the console knows about one run. The same shape serves a run that is being
 * followed and one that was loaded from the history, so both are drawn by the same
 * components and nothing moves when a run ends.
 */
import type { Try } from "@/lib/words/tools";
import type {
  Attempt,
  CircuitState,
  Message,
  Outcome,
  Problem,
  RunStatus,
  ToolCall,
  Usage,
} from "@/types/wire";

/** An attempt whose outcome may still be open (`class` is null while it runs). */
export interface AttemptView extends Omit<Attempt, "class" | "ended_at" | "duration_ms" | "final"> {
  class: Outcome | null;
  ended_at: string | null;
  duration_ms: number | null;
}

export interface ToolView extends Omit<ToolCall, "attempts"> {
  attempts: Try[];
  state: "running" | "finished" | "failed";
}

/** What is happening right now; `at` is server time. */
export type Doing =
  | { kind: "waiting" }
  | { kind: "queued"; at: string }
  | { kind: "started"; at: string; route: string | null }
  | { kind: "asking"; at: string; provider: string; model: string; attempt: number }
  | { kind: "hedging"; at: string; provider: string; slow: string | null }
  | { kind: "retrying"; at: string; provider: string }
  | { kind: "continued"; at: string; provider: string }
  | { kind: "failed_attempt"; at: string; provider: string; cause: string | null }
  | { kind: "switching"; at: string; provider: string; cause: string | null; next: string | null }
  | { kind: "answering"; at: string; provider: string | null }
  | { kind: "tool"; at: string; tool: string; server: string }
  | { kind: "tool_fallback"; at: string; failed: string; cause: string | null; next: string }
  | { kind: "tool_done"; at: string; tool: string }
  | { kind: "restarted"; at: string }
  | { kind: "recovered"; at: string }
  | { kind: "draining"; at: string }
  | { kind: "circuit"; at: string; key: string; state: CircuitState }
  | { kind: "other"; at: string; phase: string }
  | { kind: "ended"; at: string };

/** Where each token event began in the text; a list that only grows at its head. */
export interface Mark {
  seq: number;
  offset: number;
  before: Mark | null;
}

export interface RunState {
  runId: string;
  status: RunStatus;
  messageId: string | null;
  lastSeq: number;
  doing: Doing;
  text: string;
  marks: Mark | null;
  firstTokenAt: string | null;
  lastTokenAt: string | null;
  attempts: AttemptView[];
  tools: ToolView[];
  provider: string | null;
  model: string | null;
  usage: Usage | null;
  /** US dollars; null where a target has no price. */
  costUsd: number | null;
  ttftMs: number | null;
  latencyMs: number | null;
  failoverOccurred: boolean;
  finishReason: string | null;
  degraded: boolean;
  recovered: number;
  error: Problem | null;
  /** When asking again after a failure may help, on the server's clock; null where the server does not say. */
  retryAt: string | null;
  queuedAt: string | null;
}

export function initialRunState(runId: string): RunState {
  return {
    runId,
    status: "queued",
    messageId: null,
    lastSeq: 0,
    doing: { kind: "waiting" },
    text: "",
    marks: null,
    firstTokenAt: null,
    lastTokenAt: null,
    attempts: [],
    tools: [],
    provider: null,
    model: null,
    usage: null,
    costUsd: null,
    ttftMs: null,
    latencyMs: null,
    failoverOccurred: false,
    finishReason: null,
    degraded: false,
    recovered: 0,
    error: null,
    retryAt: null,
    queuedAt: null,
  };
}

export function doing(state: RunState, what: Doing): RunState {
  return { ...state, doing: what };
}

/** The state of an answer that the history already holds. */
export function stateOfMessage(message: Message): RunState {
  const { run } = message;
  const base = initialRunState(message.run_id ?? message.message_id);
  if (!run) return { ...base, status: "completed", messageId: message.message_id, text: message.text };
  return {
    ...base,
    status: run.status,
    messageId: message.message_id,
    doing: isEnded(run.status) ? { kind: "ended", at: run.ended_at ?? run.created_at } : base.doing,
    text: message.text,
    attempts: run.attempts,
    tools: run.tool_calls.map(toolView),
    provider: run.provider,
    model: run.model,
    usage: run.usage,
    costUsd: run.cost_usd,
    ttftMs: run.ttft_ms,
    latencyMs: run.latency_ms,
    failoverOccurred: run.failover_occurred,
    finishReason: run.finish_reason,
    degraded: run.failover_occurred,
    recovered: run.recovered,
    error: run.error,
    retryAt: run.error && retryAtOf(run.error, run.ended_at ?? run.created_at),
    queuedAt: run.created_at,
  };
}

/** Read from the error of a run that ended at the given moment; its schema leaves room for more than it names. */
export function retryAtOf(error: object, endedAt: string): string | null {
  const seconds = "retry_after_seconds" in error ? error.retry_after_seconds : null;
  return typeof seconds === "number" && seconds > 0
    ? new Date(Date.parse(endedAt) + seconds * 1_000).toISOString()
    : null;
}

export function isEnded(status: RunStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

export function servingTarget(state: Pick<RunState, "provider" | "model">): string | null {
  return state.provider && state.model ? `${state.provider}/${state.model}` : state.provider;
}

/** Logs of earlier versions do not know who was asked. */
export function toolView(call: Omit<ToolCall, "attempts"> & Partial<Pick<ToolCall, "attempts">>): ToolView {
  return { ...call, attempts: call.attempts ?? [], state: toolState(call) };
}

function toolState(call: Pick<ToolCall, "is_error" | "ended_at">): ToolView["state"] {
  if (call.is_error) return "failed";
  return call.ended_at ? "finished" : "running";
}
