/** One line that always says what is going on, with a clock. Only changes of state are announced. */
import { StateDot } from "@/components/ui/badge";
import { Elapsed } from "@/components/ui/clock";
import { narrate, type Narration } from "@/features/chat/stream/narrate";
import type { FollowedRun } from "@/features/chat/stream/run-follower";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/use-now";

interface StatusLineProps {
  followed: FollowedRun | null;
  /** Set while a message is on its way to the server. */
  sendingSinceMs: number | null;
  stopping: boolean;
}

const SURFACES = {
  ok: "border-ok/30 bg-ok-soft text-ok",
  warn: "border-warn/30 bg-warn-soft text-warn",
  bad: "border-bad/30 bg-bad-soft text-bad",
  idle: "border-line bg-sunken text-ink-2",
  sim: "border-sim/30 bg-sim-soft text-sim",
  accent: "border-accent/30 bg-accent-soft text-accent",
};

export function StatusLine({ followed, sendingSinceMs, stopping }: StatusLineProps) {
  const now = useNow(500, followed !== null);
  const { words, tone, live, sinceMs } =
    sendingSinceMs === null
      ? followed
        ? narrate(followed, stopping, now)
        : SILENT
      : sendingNarration(sendingSinceMs);
  return (
    <div
      data-testid="status-line"
      data-live={live}
      className={cx(
        "flex min-h-7 items-center gap-2 px-3 text-[0.8125rem]",
        live ? `rounded-full border ${SURFACES[tone]}` : "text-ink-2",
      )}
    >
      {live && <Signal />}
      {!live && words !== "" && <StateDot tone={tone} />}
      <span role="status" aria-label="Answer status" className="min-w-0 flex-1 tabular-nums">
        {words}
      </span>
      {live && sinceMs !== null && (
        <Elapsed sinceMs={sinceMs} className="shrink-0 font-mono text-xs tabular-nums" />
      )}
    </div>
  );
}

const SILENT: Narration = { words: "", tone: "idle", sinceMs: null, live: false };

function sendingNarration(sinceMs: number): Narration {
  return { words: "Sending your message", tone: "idle", sinceMs, live: true };
}

/** Three bars that rise in turn; they stand still for those who prefer it. */
function Signal() {
  return (
    <span aria-hidden="true" className="signal">
      <i />
      <i />
      <i />
    </span>
  );
}
