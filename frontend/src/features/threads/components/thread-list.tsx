/** The conversations: search, start, open. */
import { useMemo, useState } from "react";
import { Button } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { useThreads } from "@/features/threads/api/threads";
import { ThreadRow } from "@/features/threads/components/thread-row";
import { useDebounced } from "@/features/threads/hooks/use-debounced";
import { describeError } from "@/lib/api/problem";
import { groupByDay } from "@/lib/group-by-day";
import { threadHref, useThreadLink } from "@/lib/thread-route";

interface ThreadListProps {
  currentId: string | null;
  searchId: string;
  /** Called when a conversation was opened (a drawer then closes). */
  onOpen?: () => void;
}

const SEARCH_SETTLE_MS = 200;

export function ThreadList({ currentId, searchId, onOpen }: ThreadListProps) {
  const [search, setSearch] = useState("");
  const settled = useDebounced(search.trim(), SEARCH_SETTLE_MS);
  const startNew = useThreadLink(null);
  return (
    <nav aria-label="Conversations" className="flex h-full min-h-0 flex-col">
      <div className="space-y-2.5 p-3">
        <a
          href={threadHref(null)}
          onClick={(event) => {
            startNew(event);
            onOpen?.();
          }}
          className="flex min-h-10 items-center gap-2 rounded-lg bg-accent px-3.5 text-sm font-medium text-on-accent hover:bg-accent-strong"
        >
          <Icon name="plus" small />
          New chat
        </a>
        <div className="relative">
          <Icon name="search" small className="pointer-events-none absolute top-3 left-3 text-ink-3" />
          <input
            id={searchId}
            type="search"
            aria-label="Search conversations"
            placeholder="Search conversations"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="min-h-10 w-full rounded-lg border border-line bg-surface pr-3 pl-9 text-sm placeholder:text-ink-3"
          />
        </div>
      </div>
      <Results search={settled} currentId={currentId} onOpen={onOpen} />
    </nav>
  );
}

interface ResultsProps {
  search: string;
  currentId: string | null;
  onOpen: (() => void) | undefined;
}

function Results({ search, currentId, onOpen }: ResultsProps) {
  const list = useThreads(search);
  const groups = useMemo(() => {
    const threads = list.data?.pages.flatMap(({ items }) => items) ?? [];
    return groupByDay(threads, ({ updated_at }) => updated_at, new Date());
  }, [list.data]);

  if (list.isPending) return <Note>Loading conversations…</Note>;
  if (list.error && !list.data) return <Note>{describeError(list.error).title}.</Note>;
  if (groups.length === 0) {
    return (
      <Note>
        {search ? `Nothing matches “${search}”.` : "No conversations yet. Ask something to start one."}
      </Note>
    );
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
      {groups.map(({ heading, items }) => (
        <section key={heading} aria-label={heading} className="mt-3 first:mt-0">
          <h3 className="px-2.5 pb-1 text-xs font-medium text-ink-3">{heading}</h3>
          <ul>
            {items.map((thread) => (
              <ThreadRow
                key={thread.thread_id}
                thread={thread}
                current={thread.thread_id === currentId}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </section>
      ))}
      {list.hasNextPage && (
        <Button
          look="quiet"
          className="mt-2 w-full"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {list.isFetchingNextPage ? "Loading…" : "Show older"}
        </Button>
      )}
    </div>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return <p className="px-5 py-3 text-sm text-ink-2">{children}</p>;
}
