/** How a tool has done since the server was started, and how it failed last. */
import { rateWords } from "@/features/tools/words";
import { formatCount, formatDuration, formatMoment } from "@/lib/time";
import { toolCausePhrase } from "@/lib/words/causes";
import { sentence } from "@/lib/words/sentence";
import type { Tool } from "@/types/wire";

export function Measures({ tool }: { tool: Tool }) {
  const { last_failure: last } = tool;
  const figures: [string, string][] = [
    ["Calls", formatCount(tool.calls)],
    ["Returned a result", rateWords(tool.success_rate_pct)],
    ["p50", time(tool.latency_p50_ms)],
    ["p95", time(tool.latency_p95_ms)],
  ];
  return (
    <section aria-label="Figures" className="border-t border-line">
      <dl className="grid grid-cols-4 gap-px bg-line">
        {figures.map(([name, value]) => (
          <div key={name} className="min-w-0 bg-surface px-3 py-2">
            <dt className="text-xs text-ink-2">{name}</dt>
            <dd className="font-mono text-sm break-words tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <div className="space-y-1 border-t border-line px-4 py-2.5 text-xs text-ink-2">
        <p>
          Counted by this server process since it started; times are those of the newest results.
          {tool.unsent > 0 && ` Not sent, and not part of the rate: ${calls(tool.unsent)}.`}
          {tool.caller_errors > 0 &&
            ` Refused because of the arguments, and not part of the rate: ${calls(tool.caller_errors)}.`}
          {tool.tool_errors > 0 && ` Answered with an error by the tool itself: ${calls(tool.tool_errors)}.`}
        </p>
        {last ? (
          <p className="break-words">
            Last failure: it {toolCausePhrase(last.cause)},{" "}
            <time dateTime={last.at}>{formatMoment(last.at, new Date())}</time>.
            {last.detail && <> {sentence(last.detail)}.</>}
          </p>
        ) : (
          <p>{tool.calls === 0 ? "It has not been called yet." : "It has not failed yet."}</p>
        )}
      </div>
    </section>
  );
}

function calls(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "call" : "calls"}`;
}

function time(ms: number | null): string {
  return ms === null ? "–" : formatDuration(ms);
}
