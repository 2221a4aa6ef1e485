"use client";
/** All tool servers with their tools, who stands in for whom, and what was called; one tool is looked at closely. */
import { useTools } from "@/features/tools/api/tools";
import { CallList } from "@/features/tools/components/call-list";
import { CapabilityMap } from "@/features/tools/components/capability-map";
import { ServerCard } from "@/features/tools/components/server-card";
import { ToolDetail } from "@/features/tools/components/tool-detail";
import { Waiting } from "@/features/tools/components/waiting";
import { useSelection, type Selection } from "@/features/tools/hooks/use-selection";
import { summary } from "@/features/tools/words";
import { describeError } from "@/lib/api/problem";
import { cx } from "@/lib/cx";
import type { Tools } from "@/types/wire";

export function ToolsBoard() {
  const tools = useTools();
  const selection = useSelection();
  return (
    <div className="space-y-5">
      <p role="status" className="text-[0.8125rem] text-ink-2 tabular-nums">
        {tools.data && tools.data.servers.length > 0 && summary(tools.data)}
      </p>
      {tools.isPending && <p className="text-sm text-ink-2">Loading tools…</p>}
      {tools.error && (
        <p role="alert" className="text-sm text-bad">
          {describeError(tools.error).title}.{" "}
          {tools.data !== undefined && "What is shown below may be out of date."}
        </p>
      )}
      {tools.data && <Board tools={tools.data} selection={selection} />}
    </div>
  );
}

/** Beside each other where there is room; else the chosen tool takes the place of the lists. */
function Board({ tools, selection }: { tools: Tools; selection: Selection }) {
  if (tools.servers.length === 0) return <NoServers />;
  const isChosen = selection.tool !== null;
  return (
    <div className={cx(isChosen && "gap-6 lg:grid lg:grid-cols-[minmax(0,1fr)_minmax(0,27rem)]")}>
      <div className={cx("space-y-8", isChosen && "hidden lg:block")}>
        <Waiting servers={tools.servers} />
        <section aria-labelledby="servers">
          <h2 id="servers" className="font-semibold">
            Servers
          </h2>
          {tools.process !== null && <OfOneProcess process={tools.process} />}
          <ul className="mt-3 space-y-4">
            {tools.servers.map((server) => (
              <li key={server.name}>
                <ServerCard server={server} selection={selection} />
              </li>
            ))}
          </ul>
        </section>
        <CapabilityMap capabilities={tools.capabilities} selection={selection} />
        <section aria-labelledby="calls">
          <h2 id="calls" className="font-semibold">
            Calls
          </h2>
          <p className="mt-0.5 mb-3 text-sm text-ink-2">
            Calls made by runs and by external agents. The calls of a run appear here when it has ended.
          </p>
          <CallList filter={{ run_id: selection.run ?? undefined }} selection={selection} />
        </section>
      </div>
      {isChosen && (
        <ToolDetail
          key={`${selection.server}/${selection.tool}`}
          servers={tools.servers}
          selection={selection}
        />
      )}
    </div>
  );
}

/** Where several processes share a database, the next answer may come from another one. */
function OfOneProcess({ process }: { process: string }) {
  return (
    <p className="mt-0.5 text-sm text-ink-2">
      States and figures are those of the process <code className="font-mono break-all">{process}</code>.
      Workers and other servers have sessions of their own; <em>Reconnect</em> reaches all that share a Redis.
    </p>
  );
}

function NoServers() {
  return (
    <div className="rounded-2xl border border-dashed border-line-strong px-4 py-10 text-center">
      <p className="font-medium">No tool server is configured</p>
      <p className="mx-auto mt-1 max-w-prose text-sm text-ink-2">
        Models answer without tools. List MCP servers under <code className="font-mono">mcpServers</code> in
        sentinel.yaml, or leave that section out to get the ones that come with Sentinel.
      </p>
    </div>
  );
}
