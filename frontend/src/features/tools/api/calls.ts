/** The calls of tools, newest first, read again every few seconds. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { callApi } from "@/lib/api/client";
import { queryKeys } from "@/lib/queries/keys";
import type { ToolCallPage } from "@/types/wire";

const REFRESH_MS = 4_000;
const PAGE_SIZE = 20;

export interface CallFilter {
  server?: string | undefined;
  tool?: string | undefined;
  run_id?: string | undefined;
}

export function useToolCalls(filter: CallFilter) {
  return useInfiniteQuery({
    queryKey: queryKeys.toolCalls(filter),
    queryFn: ({ pageParam, signal }) =>
      callApi<ToolCallPage>("/api/tools/calls", {
        query: { ...filter, limit: PAGE_SIZE, cursor: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}
