/** For how long an operator's act lasts, so that nobody forgets it. */
import type { KillSwitchCommand } from "@/types/wire";

export const EXPIRIES = [
  { seconds: 60, words: "1 minute" },
  { seconds: 300, words: "5 minutes" },
  { seconds: 1800, words: "30 minutes" },
  { seconds: 0, words: "until turned off" },
] as const;

export const KILL_EXPIRY: number = EXPIRIES[1].seconds;

export function killSwitchCommand(active: boolean, seconds: number, reason: string): KillSwitchCommand {
  if (!active) return { active };
  return {
    active,
    ...(seconds > 0 ? { ttl_seconds: seconds } : {}),
    ...(reason.trim() ? { reason: reason.trim() } : {}),
  };
}
