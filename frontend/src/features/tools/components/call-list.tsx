/** Calls of tools, newest first; it keeps itself up to date. */
import { useEffect, useMemo, useRef } from "react";
import { Button } from "@/components/ui/button";
import { useToolCalls, type CallFilter } from "@/features/tools/api/calls";
import { CallRow } from "@/features/tools/components/call-row";
import { selectionLink, type Selection } from "@/features/tools/hooks/use-selection";
import { describeError } from "@/lib/api/problem";

interface CallListProps {
  filter: CallFilter;
  selection: Selection;
  /** In the narrow column there is room for less. */
  compact?: boolean;
}

export function CallList({ filter, selection, compact = false }: CallListProps) {
  const list = useToolCalls(filter);
  const calls = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  return (
    <div className="space-y-3">
      {filter.run_id && <OneRun runId={filter.run_id} selection={selection} />}
      {list.isPending && <p className="text-sm text-ink-2">Loading calls…</p>}
      {list.error && <ReadFailed error={list.error} stale={list.data !== undefined} />}
      {list.data && calls.length === 0 && <NoCalls ofRun={filter.run_id !== undefined} />}
      {calls.length > 0 && (
        <ul aria-label="Tool calls" className="space-y-1.5">
          {calls.map((call) => (
            <CallRow key={call.call_id} call={call} selection={selection} compact={compact} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button
          look="quiet"
          size="small"
          className="w-full"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {list.isFetchingNextPage ? "Loading…" : "Show older calls"}
        </Button>
      )}
    </div>
  );
}

function ReadFailed({ error, stale }: { error: Error; stale: boolean }) {
  return (
    <p role="alert" className="text-sm text-bad">
      {describeError(error).title}. {stale && "What is shown below may be out of date."}
    </p>
  );
}

function NoCalls({ ofRun }: { ofRun: boolean }) {
  return (
    <p className="text-sm text-ink-2">
      {ofRun ? "This run made no tool calls, or has not ended yet." : "No calls yet."}
    </p>
  );
}

/** Who comes here by a link wants to see these calls, which stand far down the page. */
function OneRun({ runId, selection }: { runId: string; selection: Selection }) {
  const place = useRef<HTMLParagraphElement>(null);
  useEffect(() => place.current?.scrollIntoView({ block: "start" }), [runId]);
  return (
    <p ref={place} className="flex scroll-mt-20 flex-wrap items-center gap-x-3 text-sm">
      <span className="min-w-0 break-all">
        Only calls of run <span className="font-mono text-xs">{runId}</span>.
      </span>
      <a
        {...selectionLink({ ...selection, run: null })}
        className="inline-flex min-h-6 items-center underline underline-offset-2"
      >
        All calls
      </a>
    </p>
  );
}
