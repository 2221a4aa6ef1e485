/** Who stands in for whom: each capability with its tools in the order in which they are asked. */
import { Badge, StateDot } from "@/components/ui/badge";
import { selectionLink, type Selection } from "@/features/tools/hooks/use-selection";
import { memberWords, TONE_INK } from "@/features/tools/words";
import { cx } from "@/lib/cx";
import { sentence } from "@/lib/words/sentence";
import { EFFECT_WORDS } from "@/lib/words/tools";
import type { Capability, CapabilityMember } from "@/types/wire";

interface CapabilityMapProps {
  capabilities: readonly Capability[];
  selection: Selection;
}

export function CapabilityMap({ capabilities, selection }: CapabilityMapProps) {
  return (
    <section aria-labelledby="capabilities">
      <h2 id="capabilities" className="font-semibold">
        Capabilities
      </h2>
      <p className="mt-0.5 mb-3 text-sm text-ink-2">
        Jobs that several tools can do. The first available tool answers; if it fails, the next one stands in.
      </p>
      {capabilities.length === 0 && (
        <p className="text-sm text-ink-2">
          None is declared (<code className="font-mono text-xs">tools.capabilities</code>), so no tool stands
          in for another.
        </p>
      )}
      <ul className="grid gap-4 md:grid-cols-2">
        {capabilities.map((capability) => (
          <li key={capability.name} className="min-w-0">
            <CapabilityCard capability={capability} selection={selection} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function CapabilityCard({ capability, selection }: { capability: Capability; selection: Selection }) {
  const { name, members, refusal, effect } = capability;
  const nobody = !members.some(({ answers }) => answers);
  return (
    <article
      aria-label={`Capability ${name}`}
      className="h-full rounded-2xl border border-line bg-surface p-4"
    >
      <h3 className="flex flex-wrap items-center gap-2 font-mono text-sm font-semibold break-all">
        {name}
        {nobody && (
          <Badge tone="bad" className="font-sans">
            <StateDot tone="bad" />
            {capability.is_offered ? "no tool available" : "not offered"}
          </Badge>
        )}
      </h3>
      {effect && <p className="mt-0.5 text-xs text-ink-2">{sentence(EFFECT_WORDS[effect].word)}.</p>}
      {refusal && <p className="mt-1 text-sm break-words text-bad">{sentence(refusal)}.</p>}
      <ol className="mt-2.5">
        {members.map((member, place) => (
          <MemberRow
            key={`${member.server}/${member.tool}`}
            member={member}
            place={place + 1}
            isOffered={capability.is_offered}
            isChosen={selection.server === member.server && selection.tool === member.tool}
          />
        ))}
      </ol>
    </article>
  );
}

interface MemberRowProps {
  member: CapabilityMember;
  place: number;
  isOffered: boolean;
  isChosen: boolean;
}

function MemberRow({ member, place, isOffered, isChosen }: MemberRowProps) {
  const { word, tone } = memberWords(member, isOffered);
  return (
    <li className="grid grid-cols-[1.25rem_1fr] gap-x-2 py-1 not-first:border-t not-first:border-dashed not-first:border-line-strong">
      <span aria-hidden="true" className="pt-0.5 text-center font-mono text-xs text-ink-2">
        {place}
      </span>
      <div className="min-w-0">
        <a
          {...selectionLink({ server: member.server, tool: member.tool, run: null })}
          aria-current={isChosen ? "true" : undefined}
          className="inline-flex min-h-6 items-center font-mono text-[0.8125rem] break-all underline-offset-2 hover:underline"
        >
          {member.server}/{member.tool}
        </a>
        <p className={cx("flex items-start gap-1.5 text-xs break-words", TONE_INK[tone])}>
          <StateDot tone={tone} className="mt-0.5" />
          <span className="min-w-0">{word}</span>
        </p>
      </div>
    </li>
  );
}
