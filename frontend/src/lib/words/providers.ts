/** Words and tones for the states of providers. Colour never stands alone. */
import type { ProviderHealth, ProviderStatus } from "@/types/wire";

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

export function healthWording(status: ProviderHealth): Wording {
  return (HEALTH as Partial<Record<string, Wording>>)[status] ?? { word: status, tone: "idle" };
}

/** One word for a whole provider: what an operator switched outranks what was measured. */
export function providerWording(provider: ProviderStatus): Wording {
  if (provider.kill_switch) return { word: "switched off", tone: "bad" };
  if (provider.circuit_breaker.state === "open") return { word: "circuit open", tone: "bad" };
  if (provider.circuit_breaker.state === "half_open") return { word: "half-open", tone: "warn" };
  return healthWording(provider.status);
}
