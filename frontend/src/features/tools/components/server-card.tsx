/** One tool server: whether it is there, why not, since when, and its tools. */
import { useId, useState } from "react";
import { ActFailed } from "@/components/ui/act-failed";
import { Badge, StateDot } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Countdown } from "@/components/ui/clock";
import { useToaster } from "@/components/ui/toasts";
import { useReconnect } from "@/features/tools/api/tools";
import { ToolRow } from "@/features/tools/components/tool-row";
import type { Selection } from "@/features/tools/hooks/use-selection";
import { serverFacts, serverWording, shortened } from "@/features/tools/words";
import { cx } from "@/lib/cx";
import { formatTimeOfDay } from "@/lib/time";
import { sentence } from "@/lib/words/sentence";
import type { ToolServer } from "@/types/wire";

export function ServerCard({ server, selection }: { server: ToolServer; selection: Selection }) {
  const titleId = useId();
  const { word, tone } = serverWording(server);
  return (
    <article
      aria-labelledby={titleId}
      data-state={server.state}
      className={cx(
        "overflow-hidden rounded-2xl border bg-surface",
        tone === "bad" ? "border-bad/50" : "border-line",
      )}
    >
      <header className="grid grid-cols-[1fr_auto] items-start gap-x-3 gap-y-2 px-4 pt-3.5 pb-3">
        <div className="min-w-0">
          <h3 id={titleId} className="flex flex-wrap items-center gap-2 font-semibold break-all">
            {server.name}
            <Badge tone={tone}>
              <StateDot tone={tone} />
              {word}
            </Badge>
          </h3>
          <Facts server={server} />
        </div>
        <Reconnect server={server} />
        {server.state !== "ready" && <Trouble server={server} />}
      </header>
      <ToolRows server={server} selection={selection} />
    </article>
  );
}

/** Long lists show what an operator may look for; the rest is one click away. */
function ToolRows({ server, selection }: { server: ToolServer; selection: Selection }) {
  const [isWhole, setIsWhole] = useState(false);
  const chosen = selection.server === server.name ? selection.tool : null;
  const shown = isWhole ? server.tools : shortened(server.tools, chosen);
  if (server.tools.length === 0) {
    return (
      <p className="border-t border-line px-4 py-3 text-sm text-ink-2">
        {server.state === "ready" ? "It has no tools." : "Its tools are not known yet."}
      </p>
    );
  }
  return (
    <>
      <ul aria-label={`Tools of ${server.name}`} className="divide-y divide-line border-t border-line">
        {shown.map((tool) => (
          <ToolRow key={tool.key} server={server.name} tool={tool} selection={selection} />
        ))}
      </ul>
      {shown.length < server.tools.length && (
        <Button
          look="quiet"
          size="small"
          className="w-full rounded-none border-t border-line"
          onClick={() => setIsWhole(true)}
        >
          Show all {server.tools.length} tools of {server.name}
        </Button>
      )}
    </>
  );
}

function Facts({ server }: { server: ToolServer }) {
  return (
    <ul
      aria-label={`Facts about ${server.name}`}
      className="mt-1 flex flex-wrap gap-x-3 gap-y-0.5 text-xs text-ink-2"
    >
      {serverFacts(server, new Date()).map((fact) => (
        <li key={fact} className="min-w-0 break-all">
          {fact}
        </li>
      ))}
    </ul>
  );
}

function Trouble({ server }: { server: ToolServer }) {
  return (
    <p className="col-span-2 min-w-0 text-sm break-words text-ink-2">
      {server.last_error ? (
        <>
          <span className="text-ink">{sentence(server.last_error)}.</span>{" "}
          {server.last_error_at && <>At {formatTimeOfDay(server.last_error_at)}. </>}
        </>
      ) : (
        "Opening the first session. "
      )}
      {server.retry_at && (
        <>
          Next attempt in{" "}
          <Countdown
            until={server.retry_at}
            done="a moment"
            className="font-mono font-semibold text-ink tabular-nums"
          />
          .
        </>
      )}
    </p>
  );
}

function Reconnect({ server }: { server: ToolServer }) {
  const act = useReconnect();
  const toaster = useToaster();
  const reconnect = () =>
    act.mutate(server.name, {
      onSuccess: () =>
        toaster.inform(
          `Reconnecting ${server.name}`,
          "Calls in progress on the old session fail; pauses of its tools end.",
        ),
    });
  return (
    <div className="flex flex-col items-end gap-1">
      <Button
        size="small"
        icon="retry"
        aria-label={`Reconnect ${server.name}`}
        disabled={act.isPending}
        onClick={reconnect}
      >
        Reconnect
      </Button>
      {act.error && <ActFailed act="Not reconnected" error={act.error} />}
    </div>
  );
}
