"use client";
/** What happened, newest first, by day; it keeps itself up to date. */
import { useMemo } from "react";
import { Button } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { useIncidents } from "@/features/incidents/api/incidents";
import { IncidentFilters } from "@/features/incidents/components/incident-filters";
import { IncidentRow } from "@/features/incidents/components/incident-row";
import { EVERYTHING, useFilter } from "@/features/incidents/hooks/use-filter";
import { describeError } from "@/lib/api/problem";
import { groupByDay } from "@/lib/group-by-day";
import type { Incident } from "@/types/wire";

export function IncidentList() {
  const [filter, setFilter] = useFilter();
  const list = useIncidents(filter);
  const incidents = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const isFiltered = filter.type !== null || filter.since !== null;
  const isEmpty = list.data !== undefined && incidents.length === 0;
  return (
    <div className="space-y-5">
      <div className="flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
        <IncidentFilters filter={filter} onChange={setFilter} />
        <p role="status" className="text-[0.8125rem] text-ink-2 tabular-nums">
          {list.data && countWords(incidents.length, list.hasNextPage)}
        </p>
      </div>
      {list.isPending && <p className="text-sm text-ink-2">Loading incidents…</p>}
      {list.error && <ReadFailed error={list.error} stale={list.data !== undefined} />}
      {isEmpty && <Empty isFiltered={isFiltered} onAll={() => setFilter(EVERYTHING)} />}
      <Days incidents={incidents} />
      {list.hasNextPage && (
        <Button
          look="quiet"
          className="w-full"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {list.isFetchingNextPage ? "Loading…" : "Show older"}
        </Button>
      )}
    </div>
  );
}

function Days({ incidents }: { incidents: readonly Incident[] }) {
  const groups = groupByDay(incidents, ({ at }) => at, new Date());
  return groups.map(({ heading, items }) => (
    <section key={heading} aria-label={heading}>
      <h2 className="mb-2 text-xs font-medium text-ink-3">{heading}</h2>
      <ul className="divide-y divide-line overflow-hidden rounded-2xl border border-line bg-surface">
        {items.map((incident) => (
          <IncidentRow key={incident.incident_id} incident={incident} />
        ))}
      </ul>
    </section>
  ));
}

function Empty({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  return (
    <div className="rounded-2xl border border-dashed border-line-strong px-4 py-10 text-center">
      <Icon name="check" className="mx-auto text-ok" />
      <p className="mt-2 font-medium">{isFiltered ? "No matching incidents" : "No incidents yet"}</p>
      <p className="mx-auto mt-1 max-w-prose text-sm text-ink-2">
        {isFiltered
          ? "Nothing matches this filter."
          : "Opened circuits, refused keys, failovers and kill switches appear here."}
      </p>
      {isFiltered && (
        <Button size="small" className="mt-3" onClick={onAll}>
          Show all incidents
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

function countWords(count: number, hasMore: boolean): string {
  if (hasMore) return `the newest ${count}`;
  return count === 1 ? "1 incident" : `${count} incidents`;
}
