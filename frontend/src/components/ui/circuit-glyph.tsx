/** A circuit drawn as what it is: a lever that is down, up, or half way. */
import { cx } from "@/lib/cx";
import type { CircuitState } from "@/types/wire";

const LEVERS: Record<CircuitState, { end: string; tone: string }> = {
  closed: { end: "34 12", tone: "stroke-ok" },
  half_open: { end: "33 7", tone: "stroke-warn" },
  open: { end: "29 1.5", tone: "stroke-bad" },
};

export function CircuitGlyph({ state, className }: { state: CircuitState; className?: string }) {
  const { end, tone } = LEVERS[state];
  return (
    <svg
      viewBox="0 0 48 16"
      aria-hidden="true"
      className={cx("h-4 w-12", tone, className)}
      fill="none"
      strokeLinecap="round"
    >
      <path d="M2 12h10M36 12h10" strokeWidth="2" />
      <path d={`M14 12L${end}`} strokeWidth="2" strokeDasharray={state === "half_open" ? "4 3" : undefined} />
      <circle cx="14" cy="12" r="2.2" strokeWidth="1.6" className="fill-surface" />
      <circle cx="34" cy="12" r="2.2" strokeWidth="1.6" className="fill-surface" />
    </svg>
  );
}
