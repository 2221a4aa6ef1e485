/** The receipt of an answer: every attempt it took, in order, with its cause and its times. */
import { StateDot } from "@/components/ui/badge";
import { attemptWords, CLASS_MEANINGS, toolRequests } from "@/features/chat/stream/receipt";
import type { AttemptView, RunState } from "@/features/chat/stream/run-state";
import { formatUsd } from "@/lib/money";
import { formatCount, formatDuration, formatTimeOfDay } from "@/lib/time";
import type { Usage } from "@/types/wire";

export function Receipt({ id, state }: { id: string; state: RunState }) {
  const { usage } = state;
  return (
    <section id={id} aria-label="Receipt of this answer" className="receipt">
      <AttemptList state={state} />
      <dl className="receipt-total">
        <Fact name="run" value={state.runId} />
        {usage && <Fact name="tokens in" value={formatCount(usage.input_tokens)} />}
        {usage && <Fact name="tokens out" value={formatCount(usage.output_tokens)} />}
        {state.costUsd !== null && <Fact name="cost" value={costOf(state.costUsd, usage)} />}
        {usage?.estimated && <Fact name="counted" value="estimated" />}
        {state.latencyMs !== null && <Fact name="total" value={formatDuration(state.latencyMs)} />}
        {state.finishReason && <Fact name="finish" value={state.finishReason} />}
        {state.recovered > 0 && <Fact name="recovered" value={`${state.recovered} ×`} />}
      </dl>
    </section>
  );
}

export function AttemptList({ state }: { state: Pick<RunState, "attempts" | "tools"> }) {
  const { attempts, tools } = state;
  if (attempts.length === 0) return <p className="text-sm text-ink-2">No provider was asked.</p>;
  const requests = toolRequests(attempts, tools);
  return (
    <ol aria-label="Attempts" className="space-y-2.5">
      {attempts.map((attempt, index) => (
        <AttemptRow key={index} attempt={attempt} request={requests[index] ?? null} />
      ))}
    </ol>
  );
}

function AttemptRow({ attempt, request }: { attempt: AttemptView; request: string | null }) {
  const { verdict, tone } = attemptWords(attempt);
  return (
    <li className="grid grid-cols-[auto_1fr] gap-x-2.5">
      <StateDot tone={tone} className="mt-1.5" />
      <div className="min-w-0">
        <p className="text-[0.8125rem] text-ink">
          <span className="text-ink-3">{attempt.attempt}. </span>
          <span className="font-semibold">{attempt.provider}</span>
          <span className="text-ink-2">/{attempt.model}</span>{" "}
          {request ? verdict.replace("answered", request) : verdict}
        </p>
        <dl className="mt-0.5 flex flex-wrap gap-x-4 gap-y-0.5">
          {factsOf(attempt).map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
        </dl>
        {attempt.detail && <p className="mt-0.5 break-words text-ink-2">{attempt.detail}</p>}
      </div>
    </li>
  );
}

type FactPair = [name: string, value: string];

function factsOf(attempt: AttemptView): FactPair[] {
  return [
    ["at", formatTimeOfDay(attempt.started_at)],
    ...fact("hedge", attempt.hedge ? "sent while the previous target was silent" : null),
    ...(attempt.skipped ? [] : timesOf(attempt)),
    ...fact("cause", attempt.cause),
    ...fact("http", attempt.status_code),
    ...fact("class", attempt.class, (outcome) => `${outcome}: ${CLASS_MEANINGS[outcome] ?? "unknown"}`),
    ...fact("circuit", attempt.breaker_state, (state) => state.replace("_", "-")),
    ...fact("joined at character", attempt.splice_offset, formatCount),
  ];
}

function timesOf(attempt: AttemptView): FactPair[] {
  return [
    ...fact("first", attempt.ttft_ms, formatDuration),
    ...fact("took", attempt.duration_ms, formatDuration),
    ...fact("tokens", attempt.usage?.total_tokens ?? null, formatCount),
    ...fact("cost", attempt.cost_usd ?? null, (cost) => costOf(cost, attempt.usage)),
    ...fact("unreadable frames skipped", attempt.skipped_frames || null, formatCount),
  ];
}

function costOf(usd: number, usage: Usage | null): string {
  return usage?.estimated ? `about ${formatUsd(usd)}` : formatUsd(usd);
}

/** What is not known has no line. */
function fact<Value>(name: string, value: Value | null, say: (value: Value) => string = String): FactPair[] {
  return value === null ? [] : [[name, say(value)]];
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className="flex min-w-0 gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd className="min-w-0 break-words text-ink-2">{value}</dd>
    </div>
  );
}
