/** What an answer cost and why it came from where it came: the words of the chip and its receipt. */
import type { AttemptView, RunState, ToolView } from "@/features/chat/stream/run-state";
import { becauseOf, causePhrase } from "@/lib/words/causes";
import type { Tone } from "@/lib/words/providers";
import { passedOver, toolName } from "@/lib/words/tools";

export interface AttemptWords {
  mark: "served" | "failed" | "skipped" | "running" | "stopped";
  verdict: string;
  tone: Tone;
}

/** `fallback because simulated-primary refused the connection`, `continued by another process`, or null for the usual way. */
export function detourReason(
  state: Pick<RunState, "attempts" | "failoverOccurred" | "recovered">,
): string | null {
  if (!state.failoverOccurred) return state.recovered > 0 ? "continued by another process" : null;
  const left = state.attempts.filter(
    (attempt) => attempt.class !== null && attempt.class !== "success" && attempt.cause !== "hedge_lost",
  );
  const first = left[0];
  return first ? `fallback ${becauseOf(first.provider, first.cause)}` : "fallback";
}

/** Ended from our side while the target was still at it. */
const NOBODYS_FAULT = new Set(["cancelled", "interrupted", "hedge_lost"]);

export function attemptWords(attempt: AttemptView): AttemptWords {
  if (attempt.class === null) return { mark: "running", verdict: "asking…", tone: "accent" };
  if (attempt.class === "success") {
    return attempt.skipped_frames > 0
      ? { mark: "served", verdict: "answered, with gaps", tone: "warn" }
      : { mark: "served", verdict: "answered", tone: "ok" };
  }
  if (attempt.skipped) return { mark: "skipped", verdict: causePhrase(attempt.cause), tone: "warn" };
  if (NOBODYS_FAULT.has(attempt.cause ?? "")) {
    return { mark: "stopped", verdict: causePhrase(attempt.cause), tone: "warn" };
  }
  return { mark: "failed", verdict: causePhrase(attempt.cause), tone: "bad" };
}

/**
 * For each attempt what it asked for, if it ended in calls of tools: `asked for calculator/evaluate`.
 * A model is asked again after a success only to be told what its tools gave, so the order of the attempts tells
 * which ones these are; the times tell which tools, and where they do not, none is named.
 */
export function toolRequests(
  attempts: readonly AttemptView[],
  tools: readonly ToolView[],
): (string | null)[] {
  return attempts.map((attempt, index) => {
    if (attempt.class !== "success" || attempt.ended_at === null) return null;
    // A hedge was asked beside the attempt before it, not after it.
    const next = attempts.slice(index + 1).find(({ hedge }) => !hedge);
    const from = Date.parse(attempt.ended_at);
    const until = next ? Date.parse(next.started_at) : Infinity;
    const called = tools.map((tool) => ({ tool, at: Date.parse(tool.started_at) }));
    const names = called.filter(({ at }) => from <= at && at <= until).map(({ tool }) => askedName(tool));
    if (names.length > 0) return `asked for ${[...new Set(names)].join(", ")}`;
    return next ? "asked for a tool" : null;
  });
}

function askedName(tool: ToolView): string {
  return tool.capability ?? toolName(passedOver(tool)[0] ?? tool);
}

/** What an outcome class means for the circuit breaker. */
export const CLASS_MEANINGS: Record<string, string> = {
  success: "counts as a success",
  failure: "counts against the circuit",
  neutral: "does not count against the circuit",
  throttle: "asked for a pause; does not count against the circuit",
  latch: "disables the target until its key or quota is fixed",
  quality: "counts only against the quality of the answers",
};
