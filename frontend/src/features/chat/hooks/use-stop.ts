/** Asks the server to stop a run. The screen says "stopping" until the run's own log says "stopped". */
import { useState } from "react";
import { useToaster } from "@/components/ui/toasts";
import { cancelRun } from "@/features/chat/api/runs";

export interface Stop {
  stopping: boolean;
  stop: () => void;
}

export function useStop(runId: string | null): Stop {
  const toaster = useToaster();
  const [requested, setRequested] = useState<string | null>(null);
  const stopping = runId !== null && requested === runId;
  const stop = () => {
    if (runId === null || stopping) return;
    setRequested(runId);
    cancelRun(runId).catch((error: unknown) => {
      setRequested(null);
      toaster.fail("The server could not be told to stop", error);
    });
  };
  return { stopping, stop };
}
