/** One call: who was asked for what, who answered, what came of it, and where it belongs. */
import { StateDot } from "@/components/ui/badge";
import { Exchange } from "@/components/ui/exchange";
import { Icon } from "@/components/ui/icon";
import { ToolTries } from "@/components/ui/tool-tries";
import { selectionLink, type Selection } from "@/features/tools/hooks/use-selection";
import { cx } from "@/lib/cx";
import { threadHref } from "@/lib/thread-route";
import { formatCount, formatDuration, formatMoment } from "@/lib/time";
import { toolCausePhrase } from "@/lib/words/causes";
import { callWords, EFFECT_WORDS, EXECUTED_WORDS, passedOver, toolName } from "@/lib/words/tools";
import type { ToolCallRecord } from "@/types/wire";

interface CallRowProps {
  call: ToolCallRecord;
  selection: Selection;
  compact: boolean;
}

export function CallRow({ call, selection, compact }: CallRowProps) {
  const { word, tone } = callWords(call);
  const [first] = passedOver(call);
  return (
    <li>
      <details className="group rounded-xl border border-line bg-surface text-sm">
        <summary className="flex min-h-10 cursor-pointer list-none flex-wrap items-center gap-x-2.5 gap-y-0.5 rounded-xl px-3 py-1.5">
          <StateDot tone={tone} />
          <span className="min-w-0 flex-1 font-mono text-[0.8125rem] break-all">{toolName(call)}</span>
          <span className="text-xs text-ink-2">
            {word}
            {call.duration_ms !== null && (
              <span className="font-mono tabular-nums"> {formatDuration(call.duration_ms)}</span>
            )}
          </span>
          <Icon name="down" small className="transition-transform group-open:rotate-180" />
          <span
            className={cx(
              "flex w-full flex-wrap gap-x-3 pl-5 text-xs text-ink-2",
              !compact && "sm:flex-nowrap",
            )}
          >
            <time dateTime={call.started_at} className="font-mono whitespace-nowrap tabular-nums">
              {formatMoment(call.started_at, new Date())}
            </time>
            <span className="min-w-0 truncate font-mono">{JSON.stringify(call.arguments)}</span>
          </span>
          {first && (
            <span className="w-full pl-5 text-xs break-words text-warn">
              {toolName(first)} {toolCausePhrase(first.cause)}; {toolName(call)} stood in
            </span>
          )}
        </summary>
        <Facts call={call} selection={selection} />
      </details>
    </li>
  );
}

function Facts({ call, selection }: { call: ToolCallRecord; selection: Selection }) {
  const { sentence } = callWords(call);
  return (
    <div className="space-y-2.5 border-t border-dashed border-line px-3 py-2.5">
      <Exchange name="Arguments" text={JSON.stringify(call.arguments, null, 2)} />
      {call.result !== null && (
        <Exchange
          name={call.is_error ? "What the caller was told" : "Result"}
          text={call.result}
          note={
            call.result_chars
              ? `The beginning of ${formatCount(call.result_chars)} characters; the conversation has all of it.`
              : null
          }
        />
      )}
      <ToolTries tries={call.attempts} />
      {sentence && <p className="text-bad">{sentence}</p>}
      <p className="text-xs text-ink-2">
        {call.capability && <>Called as {call.capability}. </>}
        {call.effect && <>The tool {EFFECT_WORDS[call.effect].word}</>}
        {call.effect && (call.executed ? <>; {EXECUTED_WORDS[call.executed]}.</> : ".")}
      </p>
      <Origin call={call} selection={selection} />
    </div>
  );
}

function Origin({ call, selection }: { call: ToolCallRecord; selection: Selection }) {
  if (call.run_id === null) {
    return (
      <p className="text-xs break-words text-ink-2">
        By an external agent, over /mcp: <span className="font-mono">{call.caller}</span>
      </p>
    );
  }
  return (
    <p className="flex flex-wrap gap-x-4 text-[0.8125rem]">
      {call.thread_id && (
        <a
          href={threadHref(call.thread_id)}
          className="inline-flex min-h-6 items-center underline underline-offset-2"
        >
          The conversation
        </a>
      )}
      <a
        {...selectionLink({ ...selection, server: null, tool: null, run: call.run_id })}
        className="inline-flex min-h-6 items-center underline underline-offset-2"
      >
        All calls of this run
      </a>
    </p>
  );
}
