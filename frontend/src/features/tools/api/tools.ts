/** Tool servers and their tools as the server tells them, and what an operator may do about them. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { callApi } from "@/lib/api/client";
import { queryKeys } from "@/lib/queries/keys";
import type { Tool, Tools, ToolServer } from "@/types/wire";

/** An operator sees a server die within a second. Nothing is read while the page is out of sight. */
const REFRESH_MS = 800;

export function useTools() {
  return useQuery({
    queryKey: queryKeys.tools,
    queryFn: ({ signal }) => callApi<Tools>("/api/tools", { signal }),
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}

export function useReconnect() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (server: string) =>
      callApi<ToolServer>(`/api/tools/${encodeURIComponent(server)}/reconnect`, { method: "POST" }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.tools }),
  });
}

interface Approval {
  server: string;
  tool: string;
  /** What was looked at: if the tool is something else by now, the server refuses. */
  digest: string;
}

export function useApprove() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ server, tool, digest }: Approval) =>
      callApi<Tool>(`/api/tools/${encodeURIComponent(server)}/${encodeURIComponent(tool)}/approve`, {
        method: "POST",
        body: { digest },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.tools }),
  });
}
