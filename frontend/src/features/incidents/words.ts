/** Incidents in words: what each type is called, and in which tone it is shown. */
import { ruleWords } from "@/lib/words/circuits";
import type { Tone } from "@/lib/words/providers";
import type { Incident, IncidentType } from "@/types/wire";

export const TYPE_WORDS: Record<IncidentType, string> = {
  outage: "Outage",
  recovery: "Recovery",
  failover_triggered: "Failover",
  breaker_opened: "Circuit opened",
  breaker_closed: "Circuit closed",
  auth_error: "Refused",
  tool_isolated: "Tool isolated",
  tool_recovered: "Tool recovered",
  run_recovered: "Run recovered",
  chaos: "Chaos",
};

const GOOD: ReadonlySet<IncidentType> = new Set([
  "recovery",
  "breaker_closed",
  "tool_recovered",
  "run_recovered",
]);

export function typeWord(type: string): string {
  return (TYPE_WORDS as Partial<Record<string, string>>)[type] ?? type.replaceAll("_", " ");
}

export function toneOf({ type, severity }: Pick<Incident, "type" | "severity">): Tone {
  if (severity === "critical") return "bad";
  if (severity === "warning") return "warn";
  return GOOD.has(type) ? "ok" : "idle";
}

/** The plain values of an incident's data, in words; lists are joined, what is not there has no line. */
export function factsOf(data: Incident["data"]): [name: string, value: string][] {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => [name.replaceAll("_", " "), factWords(name, value)]);
}

function factWords(name: string, value: unknown): string {
  return name === "rule" && typeof value === "string" ? ruleWords(value) : shown(value);
}

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(shown).join(", ");
  return JSON.stringify(value);
}
