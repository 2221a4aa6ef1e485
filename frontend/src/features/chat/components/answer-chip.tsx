/** The provenance of an answer: who gave it, how fast, for how much, and why not someone else. */
import { useId, useState } from "react";
import { SimulatedBadge } from "@/components/ui/badge";
import { Icon } from "@/components/ui/icon";
import { Receipt } from "@/features/chat/components/receipt";
import { TraceGlyph } from "@/features/chat/components/trace-glyph";
import { detourReason } from "@/features/chat/stream/receipt";
import type { RunState } from "@/features/chat/stream/run-state";
import { cx } from "@/lib/cx";
import { formatCount, formatDuration } from "@/lib/time";

interface AnswerChipProps {
  state: RunState;
  simulated: boolean;
}

export function AnswerChip({ state, simulated }: AnswerChipProps) {
  const [open, setOpen] = useState(false);
  const receiptId = useId();
  const reason = detourReason(state);
  return (
    <div data-testid="answer-chip" data-provider={state.provider ?? ""} data-status={state.status}>
      <button
        type="button"
        aria-expanded={open}
        aria-controls={open ? receiptId : undefined}
        onClick={() => setOpen(!open)}
        className={cx(
          "flex max-w-full flex-wrap items-center gap-x-2.5 gap-y-1 rounded-xl border border-line bg-surface px-3 py-1.5 text-left text-[0.8125rem] text-ink-2 hover:border-line-strong",
          open && "rounded-b-none",
        )}
      >
        <span className="sr-only">Receipt: </span>
        <TraceGlyph attempts={state.attempts} />
        <Served state={state} simulated={simulated} />
        <Figures state={state} />
        <span className="inline-flex max-w-full items-center gap-x-2.5">
          {reason && <span className="min-w-0 text-warn">{reason}</span>}
          <Icon name="down" small className={cx("shrink-0 transition-transform", open && "rotate-180")} />
        </span>
      </button>
      {open && <Receipt id={receiptId} state={state} />}
    </div>
  );
}

function Served({ state, simulated }: AnswerChipProps) {
  if (!state.provider) return <span className="font-medium text-ink">no answer</span>;
  return (
    <span className="inline-flex flex-wrap items-center gap-x-1.5">
      <span className="font-semibold text-ink">{state.provider}</span>
      {state.model && <span className="font-mono text-xs">{state.model}</span>}
      {simulated && <SimulatedBadge />}
    </span>
  );
}

/** First-token time, total time and tokens; what is unknown is left out, never invented. */
function Figures({ state }: { state: RunState }) {
  const { ttftMs, latencyMs, usage } = state;
  return (
    <span className="inline-flex flex-wrap gap-x-2.5 font-mono text-xs tabular-nums">
      {ttftMs !== null && <span title="Time to the first word">first {formatDuration(ttftMs)}</span>}
      {latencyMs !== null && <span title="Time to the end">total {formatDuration(latencyMs)}</span>}
      {usage !== null && usage.total_tokens > 0 && (
        <span title={`${usage.input_tokens} in, ${usage.output_tokens} out`}>
          {usage.estimated && "≈ "}
          {formatCount(usage.total_tokens)} tokens
        </span>
      )}
    </span>
  );
}
