/** Circuits in words: how they stand, and why they opened. Colour never stands alone. */
import { causePhrase, toolCausePhrase } from "@/lib/words/causes";
import type { Wording } from "@/lib/words/providers";
import { sentence } from "@/lib/words/sentence";
import type { Breaker, CircuitState } from "@/types/wire";

/** Each explanation speaks of the circuit alone: something else may keep calls away. */
const CIRCUIT: Record<CircuitState, Wording & { explanation: string }> = {
  closed: { word: "closed", tone: "ok", explanation: "It lets calls through." },
  open: { word: "open", tone: "bad", explanation: "No calls are made until its pause is over." },
  half_open: { word: "half-open", tone: "warn", explanation: "A few trial calls decide whether it closes." },
};

export function circuitWording(state: CircuitState): Wording & { explanation: string } {
  return CIRCUIT[state];
}

/** What is said instead of the explanation where a kill switch is on. */
export const KILLED = "The kill switch refuses all calls, whatever the state of the circuit.";

/** What a circuit's own observations can tell; the letters are those of the metrics. */
const OBSERVED: Record<string, string> = {
  A: "too many of the recent calls failed",
  B: "too many calls failed in a row",
  C: "nearly all calls were slow",
  probe: "a trial call failed",
  expired: "the trial calls came to no result in time",
};

const OTHER_RULES: Record<string, string> = {
  elapsed: "its pause was over",
  probe: "the outcome of a trial call",
  panic: "a call succeeded though all circuits were open",
  manual: "an operator's act",
  shared: "what other server processes found",
};

/** The rule by which a circuit changed, for lists of facts. */
export function ruleWords(rule: string): string {
  const words = OTHER_RULES[rule] ?? OBSERVED[rule];
  if (!words) return rule;
  return rule.length === 1 ? `${words} (${rule})` : words;
}

type Opened = Pick<Breaker, "key" | "state" | "rule" | "reason" | "override">;

/** Why a circuit that is not closed opened, as a sentence; null where that is not known or told elsewhere. */
export function openedWords({ key, state, rule, reason, override }: Opened): string | null {
  if (state === "closed" || rule === null || override?.kind === "forced_open") return null;
  const phrase = key.startsWith("tool:") ? toolCausePhrase : causePhrase;
  const recently = (cause: string) => `; most recently it ${phrase(cause)}`;
  return `${sentence(openedBy(rule, reason, recently))}.`;
}

type SayCause = (cause: string) => string;

function openedBy(rule: string, reason: string | null, recently: SayCause): string {
  const observed = OBSERVED[rule];
  if (observed) return observed + (reason ? recently(reason) : "");
  if (rule === "shared") return sharedWords(reason ?? "", recently);
  if (rule === "manual") return `opened by an operator${reason ? `: “${reason}”` : ""}`;
  return `rule “${rule}”${reason ? `: ${reason}` : ""}`;
}

/** The server puts its finding as `found by 2 of 4 processes: first_token_timeout`. */
function sharedWords(reason: string, recently: SayCause): string {
  const found = /^found by (\d+ of \d+) processes(?:: (\w+))?$/.exec(reason);
  if (found) return `${found[1]} server processes found it failing${found[2] ? recently(found[2]) : ""}`;
  return `other server processes found it failing${reason && `: ${reason}`}`;
}
