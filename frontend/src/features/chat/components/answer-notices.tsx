/** What an answer has to confess: switches on the way, a failure, a stop, a second start. */
import { Button } from "@/components/ui/button";
import { Countdown } from "@/components/ui/clock";
import { Icon } from "@/components/ui/icon";
import { AttemptList } from "@/features/chat/components/receipt";
import { attemptWords } from "@/features/chat/stream/receipt";
import type { RunState } from "@/features/chat/stream/run-state";
import { formatTimeOfDay } from "@/lib/time";
import { sentence } from "@/lib/words/sentence";
import type { Problem } from "@/types/wire";

/** One line for each target that did not answer. It stays, so that nothing moves at the end. */
export function SwitchNotes({ state }: { state: RunState }) {
  const left = state.attempts
    .map((attempt, index) => ({ attempt, next: state.attempts[index + 1] }))
    .filter(({ attempt, next }) => next && attempt.class !== null && attempt.class !== "success");
  // A failure without a word lists its attempts itself.
  const listedBelow = state.status === "failed" && state.text === "";
  if (listedBelow || (left.length === 0 && state.recovered === 0)) return null;
  return (
    <ul aria-label="What happened on the way" className="mb-3 space-y-1.5">
      {left.map(({ attempt, next }, index) => (
        <li key={index} className="switch-note">
          <span className="font-medium">{attempt.provider}</span> {attemptWords(attempt).verdict}
          {next && !next.skipped && (
            <>
              <Icon name="arrow" small className="mx-1.5 inline align-text-bottom" />
              <span className="sr-only">switched to </span>
              <span className="font-medium">{next.provider}</span>
            </>
          )}
        </li>
      ))}
      {state.recovered > 0 && <li className="switch-note">{recoveryWords(state.recovered)}</li>}
    </ul>
  );
}

/** True of a restart and of a takeover by another worker: the log does not tell them apart. */
function recoveryWords(times: number): string {
  return times === 1
    ? "The process that was writing this stopped; another one took over."
    : `The processes that were writing this stopped, ${times} times; another one took over each time.`;
}

interface FailureBoxProps {
  problem: Problem;
  state: RunState | null;
  onRetry: () => void;
  retryLabel?: string;
}

export function FailureBox({ problem, state, onRetry, retryLabel = "Retry" }: FailureBoxProps) {
  return (
    <div role="group" aria-label="Answer failed" className="rounded-xl border border-bad/40 bg-bad-soft p-4">
      <p className="flex items-center gap-2 font-semibold text-bad">
        <Icon name="warning" />
        {problem.title}
      </p>
      <p className="mt-1 text-sm break-words text-ink">{sentence(problem.detail)}</p>
      {state && state.attempts.length > 0 && (
        <div className="mt-3 border-t border-dashed border-bad/40 pt-3 font-mono text-xs">
          <AttemptList state={state} />
        </div>
      )}
      {state?.text && <p className="mt-3 text-sm text-ink-2">The text so far is kept above.</p>}
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <Button icon="retry" size="small" onClick={onRetry}>
          {retryLabel}
        </Button>
        {state?.retryAt && <RetryHint at={state.retryAt} />}
        <Reference problem={problem} runId={state?.runId} />
      </div>
    </div>
  );
}

/** What to name when reporting it. The trace of a failed run is the run's own id, which the receipt calls so. */
function Reference({ problem, runId }: { problem: Problem; runId: string | undefined }) {
  const { code, trace_id: trace } = problem;
  return (
    <span className="font-mono text-xs break-all text-ink-2">
      {code}
      {trace && ` · ${trace === runId ? "run" : "trace"} ${trace}`}
    </span>
  );
}

/** Until then a retry is likely to be refused as before, but nobody is kept from trying. */
function RetryHint({ at }: { at: string }) {
  return (
    <span className="text-[0.8125rem] text-ink">
      may work again <Countdown until={at} prefix="in " done="now" className="tabular-nums" />
      <span className="sr-only">from {formatTimeOfDay(at)} on</span>
    </span>
  );
}

export function CancelledBox({ hasText, onRetry }: { hasText: boolean; onRetry: () => void }) {
  return (
    <div
      role="group"
      aria-label="Answer stopped"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl border border-line bg-sunken px-4 py-2.5 text-sm text-ink-2"
    >
      <Icon name="stop" small />
      <span className="flex-1">
        {hasText ? "Stopped. The text so far is kept." : "Stopped before the first word."}
      </span>
      <Button icon="retry" size="small" onClick={onRetry}>
        Retry
      </Button>
    </div>
  );
}
