/** One incident: what, when, how often, by whom, and the facts behind it. */
import { useId } from "react";
import { Badge, StateDot } from "@/components/ui/badge";
import { factsOf, toneOf, typeWord } from "@/features/incidents/words";
import { threadHref } from "@/lib/thread-route";
import { formatCount, formatTimeOfDay } from "@/lib/time";
import { sentence } from "@/lib/words/sentence";
import type { Incident } from "@/types/wire";

export function IncidentRow({ incident }: { incident: Incident }) {
  const titleId = useId();
  const tone = toneOf(incident);
  const { thread_id: threadId } = incident.data;
  return (
    <li>
      <article aria-labelledby={titleId} className="grid grid-cols-[auto_1fr] gap-x-3 px-4 py-3.5">
        <StateDot tone={tone} className="mt-1.5" />
        <div className="min-w-0">
          <div className="flex flex-wrap items-baseline justify-between gap-x-3">
            <h3 id={titleId} className="min-w-0 font-medium break-words">
              {incident.title}
              {incident.count > 1 && (
                <span className="ml-2 font-mono text-[0.8125rem] text-ink-2">
                  × {formatCount(incident.count)}
                </span>
              )}
            </h3>
            <Times incident={incident} />
          </div>
          {incident.detail && (
            <p className="mt-0.5 text-sm break-words text-ink-2">{sentence(incident.detail)}.</p>
          )}
          {incident.actor && (
            <p className="mt-0.5 text-sm break-words text-ink-2">
              By {incident.actor}
              {incident.reason && <>: “{incident.reason}”</>}
            </p>
          )}
          <p className="mt-1.5 flex flex-wrap items-center gap-x-2 gap-y-1">
            <Badge tone={tone}>{typeWord(incident.type)}</Badge>
            <span className="min-w-0 font-mono text-xs break-all text-ink-2">{incident.key}</span>
            {typeof threadId === "string" && (
              <a
                href={threadHref(threadId)}
                className="inline-flex min-h-6 items-center text-[0.8125rem] underline underline-offset-2"
              >
                The conversation
              </a>
            )}
          </p>
          <Facts incident={incident} />
        </div>
      </article>
    </li>
  );
}

function Times({ incident }: { incident: Incident }) {
  return (
    <p className="font-mono text-xs whitespace-nowrap text-ink-2 tabular-nums">
      <time dateTime={incident.at}>{formatTimeOfDay(incident.at)}</time>
      {incident.count > 1 && (
        <>
          {" – "}
          <time dateTime={incident.last_at}>{formatTimeOfDay(incident.last_at)}</time>
        </>
      )}
    </p>
  );
}

function Facts({ incident }: { incident: Incident }) {
  const facts = factsOf({ ...incident.data, request_id: incident.request_id, run_id: incident.run_id });
  if (facts.length === 0) return null;
  return (
    <details className="mt-1.5 text-xs">
      <summary className="w-fit rounded py-1 text-ink-2 hover:text-ink">
        Facts<span className="sr-only"> about: {incident.title}</span>
      </summary>
      <dl className="mt-1 grid gap-x-4 gap-y-1 rounded-lg bg-sunken px-3 py-2 font-mono sm:grid-cols-[auto_1fr]">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0 sm:contents">
            <dt className="text-ink-2">{name}</dt>
            <dd className="min-w-0 break-words text-ink">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
