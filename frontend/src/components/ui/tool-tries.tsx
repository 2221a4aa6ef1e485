/** Every try of a tool call in its order: who was asked, and what came of it. */
import { StateDot } from "@/components/ui/badge";
import { formatDuration } from "@/lib/time";
import { toolCausePhrase } from "@/lib/words/causes";
import { EXECUTED_WORDS, toolName, type Try } from "@/lib/words/tools";

export function ToolTries({ tries }: { tries: readonly Try[] }) {
  if (tries.length === 0) return null;
  return (
    <div>
      <p className="text-xs font-medium text-ink-2">Tools tried</p>
      <ol aria-label="Tools tried" className="mt-1 space-y-1">
        {tries.map((each, place) => (
          <li key={place} className="grid grid-cols-[auto_1fr] gap-x-2">
            <StateDot tone={each.cause ? "bad" : "ok"} className="mt-1" />
            <p className="min-w-0 text-xs break-words text-ink-2">
              <span className="font-mono text-ink">{toolName(each)}</span>{" "}
              {each.cause ? toolCausePhrase(each.cause) : "returned the result"}
              {each.cause && each.executed && <>; {EXECUTED_WORDS[each.executed]}</>}
              {each.duration_ms !== null && each.duration_ms >= 1 && (
                <span className="font-mono whitespace-nowrap tabular-nums">
                  {" "}
                  · {formatDuration(each.duration_ms)}
                </span>
              )}
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}
