/** The incidents as the server tells them, read again every few seconds. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { beginningOf, type Filter } from "@/features/incidents/hooks/use-filter";
import { callApi } from "@/lib/api/client";
import { queryKeys } from "@/lib/queries/keys";
import type { IncidentPage } from "@/types/wire";

const REFRESH_MS = 5_000;
const PAGE_SIZE = 50;

export function useIncidents(filter: Filter) {
  return useInfiniteQuery({
    queryKey: queryKeys.incidents(filter.type, filter.since),
    queryFn: ({ pageParam, signal }) =>
      callApi<IncidentPage>("/api/incidents", {
        query: {
          limit: PAGE_SIZE,
          type: filter.type ?? "",
          since: beginningOf(filter.since, Date.now()) ?? "",
          cursor: pageParam,
        },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}
