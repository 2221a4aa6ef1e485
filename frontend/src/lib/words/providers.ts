/** Words and tones for the states of providers and circuits. Colour never stands alone. */
import type { CircuitState, ProviderHealth, ProviderStatus } from "@/types/wire";

export type Tone = "ok" | "warn" | "bad" | "idle" | "sim" | "accent";

export interface Wording {
  word: string;
  tone: Tone;
}

const HEALTH: Record<ProviderHealth, Wording> = {
  healthy: { word: "healthy", tone: "ok" },
  degraded: { word: "degraded", tone: "warn" },
  down: { word: "down", tone: "bad" },
  auth_error: { word: "key rejected", tone: "bad" },
  unknown: { word: "no recent calls", tone: "idle" },
};

const CIRCUIT: Record<CircuitState, Wording & { explanation: string }> = {
  closed: { word: "closed", tone: "ok", explanation: "Calls go through." },
  open: { word: "open", tone: "bad", explanation: "No calls are made until its pause is over." },
  half_open: { word: "half-open", tone: "warn", explanation: "A few trial calls decide whether it closes." },
};

export function healthWording(status: ProviderHealth): Wording {
  return (HEALTH as Partial<Record<string, Wording>>)[status] ?? { word: status, tone: "idle" };
}

export function circuitWording(state: CircuitState): Wording & { explanation: string } {
  return CIRCUIT[state];
}

/** One word for a whole provider: what an operator switched outranks what was measured. */
export function providerWording(provider: ProviderStatus): Wording {
  if (provider.kill_switch) return { word: "switched off", tone: "bad" };
  if (provider.circuit_breaker.state === "open") return { word: "circuit open", tone: "bad" };
  if (provider.circuit_breaker.state === "half_open") return { word: "half-open", tone: "warn" };
  return healthWording(provider.status);
}
