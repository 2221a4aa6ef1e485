/** One provider on the operator's bench: what it is doing, and the levers that change it. */
import { useId } from "react";
import { Badge, SimulatedBadge, StateDot } from "@/components/ui/badge";
import { CircuitControls } from "@/features/chaos/components/circuit-controls";
import { KillSwitchControl } from "@/features/chaos/components/kill-switch-control";
import { cx } from "@/lib/cx";
import { formatDuration } from "@/lib/time";
import { providerWording } from "@/lib/words/providers";
import type { Breaker, KillSwitch, ProviderStatus } from "@/types/wire";

interface ProviderCardProps {
  name: string;
  provider: ProviderStatus;
  killSwitch: KillSwitch | null;
  breaker: Breaker | null;
  /** Kill switches are not available on this server. */
  locked: boolean;
  /** In the dock there is no room for measures. */
  compact: boolean;
}

export function ProviderCard({ name, provider, killSwitch, breaker, locked, compact }: ProviderCardProps) {
  const titleId = useId();
  const killed = provider.kill_switch || killSwitch !== null;
  const { word, tone } = providerWording({ ...provider, kill_switch: killed });
  return (
    <section
      aria-labelledby={titleId}
      data-testid={`provider-card-${name}`}
      className={cx(
        "overflow-hidden rounded-2xl border bg-surface",
        killed ? "border-bad/50" : "border-line",
      )}
    >
      {killed && <div aria-hidden="true" className="hazard h-2" />}
      <header className="px-4 pt-3.5">
        <div className="flex items-start justify-between gap-3">
          <h3 id={titleId} className="min-w-0 font-semibold break-words">
            {name}
          </h3>
          <Badge tone={tone} className="mt-0.5">
            <StateDot tone={tone} />
            {word}
          </Badge>
        </div>
        <p className="mt-0.5 font-mono text-xs break-words text-ink-2">
          {compact && provider.simulated && "simulated · "}
          {provider.kind} · {provider.models.join(", ")}
        </p>
        {!compact && (
          <p className="mt-2 flex flex-wrap gap-1.5">
            {provider.tier && <Badge tone="idle">{provider.tier}</Badge>}
            {provider.simulated && <SimulatedBadge />}
          </p>
        )}
      </header>
      {!compact && <Measures provider={provider} />}
      <KillSwitchControl name={name} killSwitch={killSwitch} active={killed} locked={locked} />
      <CircuitControls name={name} circuit={provider.circuit_breaker} breaker={breaker} killed={killed} />
    </section>
  );
}

function Measures({ provider }: { provider: ProviderStatus }) {
  const measures: [string, string][] = [
    ["First word, p50", provider.ttft_p50_ms === null ? "–" : formatDuration(provider.ttft_p50_ms)],
    ["Success", provider.success_rate_pct === null ? "–" : `${provider.success_rate_pct.toFixed(0)}%`],
  ];
  return (
    <dl className="mt-3 grid grid-cols-2 gap-px border-y border-line bg-line">
      {measures.map(([name, value]) => (
        <div key={name} className="bg-surface px-4 py-2">
          <dt className="text-xs text-ink-3">{name}</dt>
          <dd className="font-mono text-sm tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
