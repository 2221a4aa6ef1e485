/** A tool that is not what was trusted: what it says now, beside what it said then, and the button that trusts it. */
import { ActFailed } from "@/components/ui/act-failed";
import { Button } from "@/components/ui/button";
import { Icon } from "@/components/ui/icon";
import { useToaster } from "@/components/ui/toasts";
import { useApprove } from "@/features/tools/api/tools";
import { changeKind, changeTitle } from "@/features/tools/words";
import { formatMoment } from "@/lib/time";
import type { Tool, ToolChange } from "@/types/wire";

export function Approval({ server, tool }: { server: string; tool: Tool }) {
  return (
    <section aria-label="Approval" className="border-t border-warn/40 bg-warn-soft px-4 py-3 text-sm">
      <p className="flex items-center gap-2 font-semibold text-warn">
        <Icon name="warning" small />
        {tool.pin?.digest ? "It has changed since it was approved" : "It is new and has never been approved"}
      </p>
      <p className="mt-1 text-ink-2">
        It is not offered to models, and calls to it are refused, until you approve its current definition.
        {tool.pin && <> It has had this definition since {formatMoment(tool.pin.changed_at, new Date())}.</>}
      </p>
      <Changes tool={tool} />
      <Approve server={server} tool={tool} />
    </section>
  );
}

function Changes({ tool: { pin, changes } }: { tool: Tool }) {
  if (!pin?.digest) return null;
  if (changes === null) {
    return (
      <p className="mt-2 text-ink">
        The definition that was approved was not stored at the time. Read the description and arguments with
        care.
      </p>
    );
  }
  if (changes.length === 0) {
    return <p className="mt-2 text-ink">The difference is too long or too deeply nested to be shown here.</p>;
  }
  return (
    <ul aria-label="Changes" className="mt-2 space-y-2">
      {changes.map((change) => (
        <ChangeRow key={change.what} change={change} />
      ))}
    </ul>
  );
}

function ChangeRow({ change }: { change: ToolChange }) {
  return (
    <li className="rounded-lg border border-line bg-surface px-3 py-2">
      <p className="text-xs font-medium break-words text-ink-2">
        {changeTitle(change.what)} <span className="text-ink-3">({changeKind(change)})</span>
      </p>
      {change.before !== null && <Side sign="−" name="before" text={change.before} />}
      {change.after !== null && <Side sign="+" name="now" text={change.after} />}
    </li>
  );
}

const INKS = { before: "text-bad", now: "text-ok" };

function Side({ sign, name, text }: { sign: string; name: "before" | "now"; text: string }) {
  return (
    <p className="mt-1 grid grid-cols-[1rem_1fr] font-mono text-xs">
      <span aria-hidden="true" className={INKS[name]}>
        {sign}
      </span>
      <span className="min-w-0 break-words whitespace-pre-wrap text-ink">
        <span className="sr-only">{name}: </span>
        {text}
      </span>
    </p>
  );
}

function Approve({ server, tool }: { server: string; tool: Tool }) {
  const act = useApprove();
  const toaster = useToaster();
  const approve = () =>
    act.mutate(
      { server, tool: tool.tool, digest: tool.digest },
      { onSuccess: () => toaster.inform(`${server}/${tool.tool} is approved`) },
    );
  return (
    <div className="mt-3 space-y-2">
      <Button look="primary" icon="check" disabled={act.isPending} onClick={approve}>
        {act.isPending ? "Approving…" : "Approve the current definition"}
      </Button>
      <p className="font-mono text-xs break-all text-ink-2">sha256 {tool.digest.slice(0, 16)}…</p>
      {act.error && <ActFailed act="Not approved" error={act.error} />}
    </div>
  );
}
