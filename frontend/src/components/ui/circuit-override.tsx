/** What an operator holds a circuit to. */
import { Countdown } from "@/components/ui/clock";
import type { BreakerOverride } from "@/types/wire";

const OVERRIDES: Record<BreakerOverride["kind"], string> = {
  forced_open: "Held open",
  forced_closed: "Held closed",
  metrics_only: "Counts failures, never opens",
};

export function CircuitOverride({ override }: { override: BreakerOverride }) {
  return (
    <p className="text-xs text-ink-2">
      {OVERRIDES[override.kind]} by {override.actor}
      {override.reason && <> ({override.reason})</>}
      {override.expires_at && (
        <>
          {" · "}ends in <Countdown until={override.expires_at} done="a moment" className="font-mono" />
        </>
      )}
    </p>
  );
}
