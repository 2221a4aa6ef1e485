/** One tool closely: what it is, how it does, what keeps calls from it, and what can be done about that. */
import { useEffect, useId, useRef } from "react";
import { Badge, StateDot } from "@/components/ui/badge";
import { Icon } from "@/components/ui/icon";
import { Approval } from "@/features/tools/components/approval";
import { CallList } from "@/features/tools/components/call-list";
import { Measures } from "@/features/tools/components/measures";
import { ToolLevers } from "@/features/tools/components/tool-levers";
import { NOTHING, selectionLink, type Selection } from "@/features/tools/hooks/use-selection";
import { signature, sourceWords, toolWording } from "@/features/tools/words";
import { useMedia, WIDE } from "@/lib/use-media";
import { EFFECT_WORDS } from "@/lib/words/tools";
import type { Tool, ToolServer } from "@/types/wire";

interface ToolDetailProps {
  servers: readonly ToolServer[];
  selection: Selection;
}

export function ToolDetail({ servers, selection }: ToolDetailProps) {
  const titleId = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const isBeside = useMedia(WIDE);
  // On a narrow screen this takes the place of what was pressed, and the focus has to go somewhere.
  useEffect(() => {
    if (!isBeside) title.current?.focus();
  }, [isBeside]);
  const server = servers.find(({ name }) => name === selection.server);
  const tool = server?.tools.find((each) => each.tool === selection.tool);
  return (
    <section
      aria-labelledby={titleId}
      className="min-w-0 lg:sticky lg:top-4 lg:max-h-[calc(100dvh-6rem)] lg:self-start lg:overflow-y-auto"
    >
      <a
        {...selectionLink(NOTHING)}
        className="mb-2 inline-flex min-h-9 items-center gap-1 rounded-lg text-sm font-medium text-ink-2 hover:text-ink"
      >
        <Icon name="left" small />
        All tools
      </a>
      <div className="overflow-hidden rounded-2xl border border-line bg-surface">
        <header className="px-4 pt-3.5 pb-3">
          <h2
            id={titleId}
            ref={title}
            tabIndex={-1}
            className="font-mono text-[0.9375rem] font-semibold break-words outline-none"
          >
            <span className="text-ink-2">{selection.server}/</span>
            <wbr />
            {selection.tool}
          </h2>
          {server && tool ? <Introduction tool={tool} /> : <Unknown server={server} />}
        </header>
        {server && tool && <Body server={server} tool={tool} selection={selection} />}
      </div>
    </section>
  );
}

function Unknown({ server }: { server: ToolServer | undefined }) {
  return (
    <p className="mt-1 text-sm text-ink-2">
      {server
        ? "The server does not list this tool. It may have had it earlier."
        : "No tool server with this name is configured."}
    </p>
  );
}

function Introduction({ tool }: { tool: Tool }) {
  const { word, tone } = toolWording(tool);
  return (
    <div className="mt-1.5 space-y-2">
      <p className="flex flex-wrap gap-1.5">
        <Badge tone={tone}>
          <StateDot tone={tone} />
          {word}
        </Badge>
        {tool.capabilities.map((name) => (
          <Badge key={name} tone="idle">
            capability {name}
          </Badge>
        ))}
      </p>
      <p className="font-mono text-xs break-words text-ink-2">{signature(tool)}</p>
      <Description text={tool.description} />
    </div>
  );
}

const LONG = 360;

function Description({ text }: { text: string }) {
  if (!text) return <p className="text-sm text-ink-2">It has no description.</p>;
  const words = <p className="text-sm break-words whitespace-pre-line text-ink">{text}</p>;
  if (text.length <= LONG) return words;
  return (
    <details className="text-sm">
      <summary className="w-fit rounded py-1 text-ink-2 hover:text-ink">
        {text.slice(0, LONG / 3).trimEnd()}… <span className="underline underline-offset-2">all of it</span>
      </summary>
      {words}
    </details>
  );
}

function Body({ server, tool, selection }: { server: ToolServer; tool: Tool; selection: Selection }) {
  const effect = EFFECT_WORDS[tool.effect];
  return (
    <>
      {tool.is_quarantined && <Approval server={server.name} tool={tool} />}
      <section aria-label="Effect" className="border-t border-line px-4 py-3 text-sm">
        <h3 className="text-xs font-medium text-ink-2">Effect</h3>
        <p className="mt-0.5">
          It <strong className="font-semibold">{effect.word}</strong>. {sourceWords(tool.effect_source)}
        </p>
        <p className="mt-0.5 text-xs text-ink-2">{effect.meaning}</p>
      </section>
      <Measures tool={tool} />
      <ToolLevers tool={tool} />
      <section aria-label="Calls of this tool" className="border-t border-line px-4 pt-3 pb-4">
        <h3 className="mb-2 text-xs font-medium text-ink-2">
          Calls, including those that another tool answered
        </h3>
        <CallList filter={{ server: server.name, tool: tool.tool }} selection={selection} compact />
      </section>
    </>
  );
}
