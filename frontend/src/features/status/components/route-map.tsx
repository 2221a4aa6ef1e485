/** The default route as a line of stations: who would be asked now, and who stands behind. */
import { SimulatedBadge, StateDot } from "@/components/ui/badge";
import { cx } from "@/lib/cx";
import { useInfo, useProvidersStatus } from "@/lib/queries/system";
import { providerWording } from "@/lib/words/providers";
import type { ProviderStatus } from "@/types/wire";

interface Station {
  target: string;
  provider: string;
  model: string;
  status: ProviderStatus | undefined;
}

export function RouteMap() {
  const info = useInfo();
  const providers = useProvidersStatus();
  const route = info.data?.routes.find(({ name }) => name === "default") ?? info.data?.routes[0];
  if (!route) return null;
  const stations = route.targets.map((target) => stationOf(target, providers.data ?? {}));
  const next = stations.find(({ status }) => !status || isOpenForCalls(status));
  return (
    <section
      aria-label="Route of the next question"
      className="rounded-2xl border border-line bg-surface p-4 shadow-raised sm:px-5"
    >
      <ol className="route-line">
        {stations.map((station) => (
          <StationItem key={station.target} station={station} role={roleOf(station, next)} />
        ))}
      </ol>
      {!next && (
        <p className="mt-3 text-sm text-bad">
          No target can answer now. A question would fail with an error.
        </p>
      )}
    </section>
  );
}

/** `next` answers, `out` cannot, `behind` stands by. */
type Role = "next" | "out" | "behind";

const ROLE_WORDS: Record<Role, string> = { next: "Answers next", out: "Skipped", behind: "Stands by" };

function roleOf(station: Station, next: Station | undefined): Role {
  if (station === next) return "next";
  return station.status && !isOpenForCalls(station.status) ? "out" : "behind";
}

function StationItem({ station, role }: { station: Station; role: Role }) {
  const { provider, model, status } = station;
  const { word, tone } = status ? providerWording(status) : ({ word: "unknown", tone: "idle" } as const);
  return (
    <li data-role={role}>
      <StationMark role={role} />
      <div className="min-w-0">
        <p className={cx("text-xs font-semibold", role === "next" ? "text-accent" : "text-ink-3")}>
          {ROLE_WORDS[role]}
        </p>
        <p className={cx("mt-0.5 font-semibold break-words", role === "out" && "text-ink-2 line-through")}>
          {provider}
        </p>
        <p className="font-mono text-xs break-words text-ink-2">{model}</p>
        <p className="mt-1.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-[0.8125rem] text-ink-2">
          <span className="inline-flex items-center gap-1.5">
            <StateDot tone={tone} />
            {word}
          </span>
          {status?.simulated && <SimulatedBadge />}
        </p>
      </div>
    </li>
  );
}

function StationMark({ role }: { role: Role }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="station-mark" fill="none" strokeLinecap="round">
      <circle cx="12" cy="12" r="10" className="fill-surface" />
      {role === "next" && (
        <>
          <circle cx="12" cy="12" r="8.5" className="stroke-accent" strokeWidth="2" />
          <circle cx="12" cy="12" r="4.5" className="fill-accent" />
        </>
      )}
      {role === "behind" && <circle cx="12" cy="12" r="7" className="stroke-line-strong" strokeWidth="2.2" />}
      {role === "out" && <path d="M7 7l10 10M17 7 7 17" className="stroke-bad" strokeWidth="2.6" />}
    </svg>
  );
}

function stationOf(target: string, providers: Record<string, ProviderStatus>): Station {
  const slash = target.indexOf("/");
  const provider = slash === -1 ? target : target.slice(0, slash);
  return { target, provider, model: target.slice(slash + 1), status: providers[provider] };
}

function isOpenForCalls(status: ProviderStatus): boolean {
  return !status.kill_switch && status.circuit_breaker.state !== "open";
}
