/** Says beside its lever why an act was refused. */
import { describeError } from "@/lib/api/problem";

export function ActFailed({ act, error }: { act: string; error: Error }) {
  const { title, detail, code } = describeError(error);
  return (
    <p role="alert" className="rounded-lg bg-bad-soft px-2.5 py-1.5 text-xs break-words text-bad">
      {act}: {title}. {detail} <span className="font-mono">({code})</span>
    </p>
  );
}
