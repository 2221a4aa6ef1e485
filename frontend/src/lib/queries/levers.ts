/** The operator's levers: kill switches and circuits. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { callApi } from "@/lib/api/client";
import { queryKeys } from "@/lib/queries/keys";
import type { Breaker, BreakerCommand, KillSwitch, KillSwitchCommand } from "@/types/wire";

/** After any lever, everything that shows its effect is read again. */
function useRefreshStates(): () => Promise<unknown> {
  const client = useQueryClient();
  return () =>
    Promise.all(
      [queryKeys.providers, queryKeys.breakers, queryKeys.chaos, queryKeys.tools].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
}

export function useKillSwitch() {
  const refresh = useRefreshStates();
  return useMutation({
    mutationFn: ({ target, command }: { target: string; command: KillSwitchCommand }) =>
      callApi<KillSwitch>(`/api/chaos/kill-switch/${encodeURIComponent(target)}`, {
        method: "PUT",
        body: command,
      }),
    onSettled: refresh,
  });
}

export type CircuitAct = "trip" | "reset";

export function useCircuitAct() {
  const refresh = useRefreshStates();
  return useMutation({
    mutationFn: ({ act, command }: { act: CircuitAct; command: BreakerCommand }) =>
      callApi<Breaker>(`/api/breakers/${act}`, { method: "POST", body: command }),
    onSettled: refresh,
  });
}
