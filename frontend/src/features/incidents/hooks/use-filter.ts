/** Which incidents are looked at lives in the address, so that reload, back and links just work. */
import { useSearchParams } from "next/navigation";
import { TYPE_WORDS } from "@/features/incidents/words";
import type { IncidentType } from "@/types/wire";

const HOUR_MS = 3_600_000;

export const PERIODS = [
  { id: "1h", words: "Last hour", ms: HOUR_MS },
  { id: "24h", words: "Last 24 hours", ms: 24 * HOUR_MS },
  { id: "7d", words: "Last 7 days", ms: 7 * 24 * HOUR_MS },
] as const;

export type PeriodId = (typeof PERIODS)[number]["id"];

export interface Filter {
  type: IncidentType | null;
  since: PeriodId | null;
}

export const EVERYTHING: Filter = { type: null, since: null };

/** The filter of the address, and how to change it. What the address has wrong counts as not said. */
export function useFilter(): [Filter, (next: Filter) => void] {
  const search = useSearchParams();
  const type = search.get("type");
  const filter = {
    type: type !== null && type in TYPE_WORDS ? (type as IncidentType) : null,
    since: PERIODS.find(({ id }) => id === search.get("since"))?.id ?? null,
  };
  return [filter, writeFilter];
}

/** The history API keeps Next's own router in step. */
function writeFilter({ type, since }: Filter): void {
  const query = new URLSearchParams({ ...(type ? { type } : {}), ...(since ? { since } : {}) }).toString();
  window.history.replaceState(null, "", `${window.location.pathname}${query ? `?${query}` : ""}`);
}

/** The moment at which a period began. */
export function beginningOf(since: PeriodId | null, now: number): string | undefined {
  const period = PERIODS.find(({ id }) => id === since);
  return period && new Date(now - period.ms).toISOString();
}
