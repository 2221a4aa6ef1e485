/** Ticking times. They are hidden from assistive technology: states are announced, seconds are not. */
import { formatClock, formatCountdown } from "@/lib/time";
import { useNow } from "@/lib/use-now";

const TICK_MS = 200;

/** Time since a moment, given in the browser's own clock. */
export function Elapsed({ sinceMs, className }: { sinceMs: number; className?: string }) {
  const now = useNow(TICK_MS);
  return (
    <span aria-hidden="true" className={className}>
      {formatClock(now - sinceMs)}
    </span>
  );
}

interface CountdownProps {
  until: string;
  /** Shown once the moment has come. */
  done: string;
  /** Shown before the time that is left. */
  prefix?: string;
  className?: string;
}

/** Time until a moment. */
export function Countdown({ until, done, prefix = "", className }: CountdownProps) {
  const now = useNow(TICK_MS);
  const left = Date.parse(until) - now;
  return (
    <span aria-hidden="true" className={className}>
      {left > 0 ? prefix + formatCountdown(left) : done}
    </span>
  );
}
