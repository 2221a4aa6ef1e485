/** Says when the console has lost its server, and since when. */
import { useState } from "react";
import { Elapsed } from "@/components/ui/clock";
import { Icon } from "@/components/ui/icon";
import { NetworkProblem } from "@/lib/api/problem";
import { useProvidersStatus } from "@/lib/queries/system";
import { useOnline } from "@/lib/use-online";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** A server on this machine does not need the network that the browser misses. */
function isLoopback(): boolean {
  return typeof window !== "undefined" && LOOPBACK.includes(window.location.hostname);
}

export function ConnectionBanner() {
  const online = useOnline();
  const { error } = useProvidersStatus();
  const unreachable = error instanceof NetworkProblem;
  const lost = unreachable || (!online && !isLoopback());
  if (!lost) return null;
  return <Lost offline={!online} />;
}

function Lost({ offline }: { offline: boolean }) {
  const [sinceMs] = useState(() => Date.now());
  return (
    <section
      aria-label="Connection"
      className="flex items-center gap-3 border-b border-warn/40 bg-warn-soft px-4 py-2 text-sm"
    >
      <Icon name="offline" className="text-warn" />
      <p role="alert" className="min-w-0 flex-1">
        <strong className="font-semibold text-warn">
          {offline ? "You are offline." : "The server cannot be reached."}
        </strong>{" "}
        {offline
          ? "Reconnecting. Answers continue without you, and what you write here is kept."
          : "Reconnecting. The text so far is kept, and so is what you write here."}
      </p>
      <Elapsed sinceMs={sinceMs} className="font-mono text-xs text-ink-2 tabular-nums" />
    </section>
  );
}
