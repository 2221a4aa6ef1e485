/**
 * The run stream: exactly four event types. A status carries an open vocabulary of
 * phases; one that this console does not know is shown generically, never dropped.
 */
import type { components } from "@/types/api";
import type { Attempt, Outcome, Problem, ToolCall } from "@/types/wire";

type Schemas = components["schemas"];

/** The phases that the server's schema names. A newer server may send others. */
export type KnownPhase = Schemas["Phase"];

interface EventBase {
  run_id: string;
  seq: number;
  at: string;
}

export interface StatusEvent extends EventBase {
  type: "status";
  phase: string;
  route?: string;
  attempt?: number;
  provider?: string;
  model?: string;
  cause?: string | null;
  class?: Outcome;
  detail?: string | null;
  status_code?: number | null;
  next?: string | null;
  hedge?: boolean;
  key?: string;
  tool_call_id?: string;
  server?: string;
  tool?: string;
  capability?: string | null;
  effect?: ToolCall["effect"];
  executed?: ToolCall["executed"];
  arguments?: Record<string, unknown>;
  result?: string | null;
  attempts?: ToolCall["attempts"];
  duration_ms?: number | null;
  discard_from_seq?: number;
  recovered?: number;
  text?: string;
  message_id?: string;
}

/** Stands for all events up to its own number, in a log of which only the end is kept. */
export interface SnapshotEvent extends StatusEvent {
  phase: "snapshot";
  text: string;
  message_id: string;
}

export type TokenEvent = Schemas["TokenEvent"] & { type: "token" };
export type CompletionEvent = Schemas["CompletionEvent"] & { type: "completion" };

/** The terminal failure: a problem body with what was already said and who was asked. */
export interface ErrorEvent extends EventBase, Omit<Problem, "type"> {
  type: "error";
  partial_text: string;
  /** Not in the logs of earlier versions. */
  cost_usd?: number | null;
  attempts: Attempt[];
}

export type RunEvent = StatusEvent | TokenEvent | CompletionEvent | ErrorEvent;
export type RunEventType = RunEvent["type"];

export function isSnapshot(event: RunEvent | undefined): event is SnapshotEvent {
  return event?.type === "status" && event.phase === ("snapshot" satisfies KnownPhase);
}
