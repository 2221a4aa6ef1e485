/** One tool in its server's list: its state in a word, how it does, and the way to look at it closely. */
import { StateDot } from "@/components/ui/badge";
import { Countdown } from "@/components/ui/clock";
import { Icon } from "@/components/ui/icon";
import { selectionLink, type Selection } from "@/features/tools/hooks/use-selection";
import { rateWords, TONE_INK, toolWording } from "@/features/tools/words";
import { cx } from "@/lib/cx";
import { formatCount, formatDuration } from "@/lib/time";
import type { Tool } from "@/types/wire";

interface ToolRowProps {
  server: string;
  tool: Tool;
  selection: Selection;
}

export function ToolRow({ server, tool, selection }: ToolRowProps) {
  const isChosen = selection.server === server && selection.tool === tool.tool;
  return (
    <li>
      <a
        {...selectionLink({ server, tool: tool.tool, run: null })}
        aria-current={isChosen ? "true" : undefined}
        data-tool={tool.key}
        className={cx(
          "flex min-h-12 items-center gap-3 px-4 py-2",
          isChosen ? "bg-selected" : "hover:bg-sunken",
        )}
      >
        <span className="min-w-0 flex-1">
          <span className="block font-mono text-[0.8125rem] font-medium break-all">{tool.tool}</span>
          <Figures tool={tool} />
        </span>
        <State tool={tool} />
        <Icon name="right" small className="text-ink-3" />
      </a>
    </li>
  );
}

function State({ tool }: { tool: Tool }) {
  const { word, tone } = toolWording(tool);
  return (
    <span className={cx("flex items-center gap-1.5 text-right text-xs font-medium", TONE_INK[tone])}>
      <StateDot tone={tone} />
      {word}
      {tool.obstacle === "circuit_open" && tool.circuit.retry_at && (
        <Countdown until={tool.circuit.retry_at} done="" className="font-mono tabular-nums" />
      )}
    </span>
  );
}

function Figures({ tool }: { tool: Tool }) {
  const figures = [
    `${formatCount(tool.calls)} ${tool.calls === 1 ? "call" : "calls"}`,
    tool.success_rate_pct !== null && `${rateWords(tool.success_rate_pct)} returned a result`,
    tool.tool_errors > 0 && `${formatCount(tool.tool_errors)} answered with an error`,
    tool.caller_errors > 0 && `${formatCount(tool.caller_errors)} with arguments that were refused`,
    tool.latency_p50_ms !== null && `p50 ${formatDuration(tool.latency_p50_ms)}`,
    tool.latency_p95_ms !== null && `p95 ${formatDuration(tool.latency_p95_ms)}`,
  ].filter((figure) => figure !== false);
  return (
    <span className="mt-0.5 flex flex-wrap gap-x-3 text-xs text-ink-2 tabular-nums">
      {tool.calls === 0 ? "not called yet" : figures.map((figure) => <span key={figure}>{figure}</span>)}
    </span>
  );
}
