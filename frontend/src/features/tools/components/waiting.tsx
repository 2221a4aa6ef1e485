/** The loud line: tools that wait for an operator. */
import { Icon } from "@/components/ui/icon";
import { selectionLink } from "@/features/tools/hooks/use-selection";
import { waitingTools } from "@/features/tools/words";
import type { ToolServer } from "@/types/wire";

export function Waiting({ servers }: { servers: readonly ToolServer[] }) {
  const waiting = waitingTools(servers);
  if (waiting.length === 0) return null;
  return (
    <section
      aria-label="Waiting for approval"
      className="rounded-2xl border border-warn/40 bg-warn-soft px-4 py-3 text-sm"
    >
      <p className="flex items-center gap-2 font-semibold text-warn">
        <Icon name="warning" small />
        Not as approved, so not offered to models
      </p>
      <ul className="mt-1.5 space-y-1">
        {waiting.map(({ server, tool }) => (
          <li key={tool.key} className="min-w-0">
            <a
              {...selectionLink({ server, tool: tool.tool, run: null })}
              className="inline-flex min-h-6 items-center font-mono text-[0.8125rem] break-all text-ink underline underline-offset-2"
            >
              Look at {server}/{tool.tool}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
