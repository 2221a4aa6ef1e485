/** The tools an answer used: who was asked and who answered, with what went in and what came out. */
import { StateDot } from "@/components/ui/badge";
import { Elapsed } from "@/components/ui/clock";
import { Exchange } from "@/components/ui/exchange";
import { Icon } from "@/components/ui/icon";
import { ToolTries } from "@/components/ui/tool-tries";
import type { ToolView } from "@/features/chat/stream/run-state";
import { formatDuration } from "@/lib/time";
import { toolCausePhrase } from "@/lib/words/causes";
import type { Wording } from "@/lib/words/providers";
import { callWords, EFFECT_WORDS, passedOver, toolName } from "@/lib/words/tools";

interface ToolCallsProps {
  tools: ToolView[];
  skewMs: number;
}

export function ToolCalls({ tools, skewMs }: ToolCallsProps) {
  if (tools.length === 0) return null;
  return (
    <ul aria-label="Tool calls" className="mb-3 space-y-1.5">
      {tools.map((tool) => (
        <li key={tool.tool_call_id}>
          <details className="group rounded-xl border border-line bg-surface text-sm" data-state={tool.state}>
            <summary className="flex min-h-10 cursor-pointer list-none flex-wrap items-center gap-x-2.5 rounded-xl px-3 py-1.5">
              <Icon name="tool" small className="text-ink-2" />
              <span className="min-w-0 flex-1 font-mono text-[0.8125rem] break-words">
                {tool.server && <span className="text-ink-2">{tool.server}/</span>}
                <wbr />
                {tool.tool}
              </span>
              <State tool={tool} skewMs={skewMs} />
              <Icon name="down" small className="transition-transform group-open:rotate-180" />
              <Fallback tool={tool} />
            </summary>
            <Facts tool={tool} />
          </details>
        </li>
      ))}
    </ul>
  );
}

function State({ tool, skewMs }: { tool: ToolView; skewMs: number }) {
  const { word, tone } = stateWords(tool);
  return (
    <span className="flex items-center gap-1.5 text-xs text-ink-2">
      <StateDot tone={tone} />
      {word}
      {tool.state === "running" && (
        <Elapsed sinceMs={Date.parse(tool.started_at) - skewMs} className="font-mono tabular-nums" />
      )}
    </span>
  );
}

/** A stand-in is told without being asked for. */
function Fallback({ tool }: { tool: ToolView }) {
  const [first] = passedOver(tool);
  if (!first) return null;
  const what = tool.state === "running" ? "was asked instead" : "stood in";
  return (
    <span className="w-full pl-6.5 text-xs break-words text-warn">
      {toolName(first)} {toolCausePhrase(first.cause)}; {toolName(tool)} {what}
    </span>
  );
}

function Facts({ tool }: { tool: ToolView }) {
  const { sentence } = callWords(tool);
  return (
    <div className="space-y-2 border-t border-dashed border-line px-3 py-2.5">
      <Exchange name="Arguments" text={JSON.stringify(tool.arguments, null, 2)} />
      {tool.result !== null && (
        <Exchange name={tool.is_error ? "What the model was told" : "Result"} text={tool.result} />
      )}
      {tool.attempts.length > 1 && <ToolTries tries={tool.attempts} />}
      {sentence && <p className="text-bad">{sentence}</p>}
      {tool.effect && (
        <p className="text-xs text-ink-2">
          {tool.capability && <>Called as {tool.capability}. </>}This tool {EFFECT_WORDS[tool.effect].word}.
        </p>
      )}
    </div>
  );
}

function stateWords(tool: ToolView): Wording {
  if (tool.state === "running") return { word: "running", tone: "accent" };
  const { word, tone } = tool.is_error ? callWords(tool) : { word: "finished", tone: "ok" as const };
  const took = tool.duration_ms === null ? "" : ` in ${formatDuration(tool.duration_ms)}`;
  return { word: word + took, tone };
}
