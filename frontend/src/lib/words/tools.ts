/** What became of a tool call, in words; the same on the page of tools and in the chat. */
import { toolCausePhrase } from "@/lib/words/causes";
import type { Wording } from "@/lib/words/providers";
import type { ToolAttempt, ToolCall } from "@/types/wire";

type Effect = NonNullable<ToolCall["effect"]>;
export type Executed = NonNullable<ToolCall["executed"]>;

/** One try of one tool; what is not known while the call is under way is null. */
export type Try = Pick<ToolAttempt, "server" | "tool" | "cause"> & {
  executed: Executed | null;
  duration_ms: number | null;
};

type Ended = Pick<ToolCall, "is_error" | "cause" | "executed" | "effect">;

const CALLERS_OWN = new Set(["invalid_arguments", "unknown_tool"]);

/** A call that is over, in one word and a sentence that says what that means. */
export function callWords(call: Ended): Wording & { sentence: string | null } {
  if (!call.is_error) return { word: "returned a result", tone: "ok", sentence: null };
  const sentence = `The tool ${toolCausePhrase(call.cause)}. ${acted(call)}`;
  return { ...failureWords(call), sentence };
}

/** The distinctions that the model is told, too. */
function failureWords({ cause, executed, effect }: Ended): Wording {
  if (cause === "tool_error") return { word: "failed", tone: "bad" };
  if (cause === "needs_input") return { word: "needs a person", tone: "warn" };
  if (executed === "unknown" && mayChange(effect)) return { word: "outcome unknown", tone: "warn" };
  if (executed === "yes") return { word: "result unusable", tone: "bad" };
  if (CALLERS_OWN.has(cause ?? "")) return { word: "invalid call", tone: "bad" };
  return { word: "not available", tone: "bad" };
}

function acted({ executed, effect }: Ended): string {
  if (executed === "no") return "Nothing was done.";
  if (executed === "yes") return "It was executed.";
  return mayChange(effect)
    ? "It is not known whether it was executed, so it is not called again for the same purpose."
    : "It is not known whether it was executed, but it changes nothing.";
}

/** What is not known, as in the logs of earlier versions, is taken for the worst. */
function mayChange(effect: Ended["effect"]): boolean {
  return effect !== "read_only" && effect !== "idempotent";
}

export const EFFECT_WORDS: Record<Effect, { word: string; meaning: string }> = {
  read_only: { word: "only reads", meaning: "A failed call may be repeated, or made with another tool." },
  idempotent: {
    word: "may be repeated",
    meaning: "Calling it twice has the same effect as calling it once.",
  },
  mutating: {
    word: "may change something",
    meaning: "A call whose outcome is unknown is never repeated, not even with another tool.",
  },
};

export const EXECUTED_WORDS: Record<Executed, string> = {
  yes: "it was executed",
  no: "nothing was done",
  unknown: "it is not known whether it was executed",
};

/** `server/tool`, or the bare name of what no server has. */
export function toolName({ server, tool }: { server: string; tool: string }): string {
  return server ? `${server}/${tool}` : tool;
}

/** Tools tried before the one that answered; empty where the first one did. */
export function passedOver({
  attempts,
  server,
  tool,
}: {
  attempts: readonly Try[];
  server: string;
  tool: string;
}) {
  return attempts.filter((each) => each.server !== server || each.tool !== tool);
}
