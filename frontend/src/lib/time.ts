/** Durations, clocks and days in words. */

const MINUTE_S = 60;
const HOUR_S = 3600;

/** A first-token or total time: `340 ms`, `2.1 s`, `1 min 12 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < MINUTE_S) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / MINUTE_S)} min ${whole % MINUTE_S} s`;
}

/** A running clock: `0.4 s` at first, then whole seconds, then `m:ss`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < MINUTE_S) return `${Math.floor(seconds)} s`;
  return formatCountdown(ms);
}

/** A remaining time as `m:ss` (or `h:mm:ss`). */
export function formatCountdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1_000));
  const seconds = String(total % MINUTE_S).padStart(2, "0");
  const minutes = Math.floor(total / MINUTE_S) % 60;
  const hours = Math.floor(total / HOUR_S);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** The heading under which a moment is filed: Today, Yesterday, a weekday, or a date. */
export function dayHeading(at: Date, now: Date): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days < 7) return at.toLocaleDateString("en", { weekday: "long" });
  const sameYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString("en", {
    day: "numeric",
    month: "long",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

export function formatTimeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString("en", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
}

/** A moment as short as it can be: the time of today, else the day, too. */
export function formatMoment(iso: string, now: Date): string {
  const heading = dayHeading(new Date(iso), now);
  return heading === "Today" ? formatTimeOfDay(iso) : `${heading}, ${formatTimeOfDay(iso)}`;
}

export function formatCount(value: number): string {
  return value.toLocaleString("en");
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
