/** Break things on purpose, one provider at a time, and see at once what that does. */
import { Icon } from "@/components/ui/icon";
import { ProviderCard } from "@/features/chaos/components/provider-card";
import { ApiProblem, describeError } from "@/lib/api/problem";
import { LIVE_MS, useBreakers, useChaos, useInfo, useProvidersStatus } from "@/lib/queries/system";
import type { Breaker, Chaos, Info, KillSwitch } from "@/types/wire";

export function ChaosPanel({ compact = false }: { compact?: boolean }) {
  const info = useInfo();
  const chaos = useChaos(LIVE_MS);
  const providers = useProvidersStatus(LIVE_MS);
  const breakers = useBreakers();
  const closed = whyClosed(info.data, chaos.data, chaos.error);
  const entries = Object.entries(providers.data ?? {});

  return (
    <div className="space-y-4">
      {closed && <Closed reason={closed} />}
      {providers.isPending && <p className="text-sm text-ink-2">Loading providers…</p>}
      {providers.error && <ReadFailed error={providers.error} stale={providers.data !== undefined} />}
      {providers.data && entries.length === 0 && (
        <p className="text-sm text-ink-2">No provider is configured.</p>
      )}
      <ul aria-label="Providers to break" className={compact ? "space-y-4" : "grid gap-4 lg:grid-cols-2"}>
        {entries.map(([name, provider]) => (
          <li key={name}>
            <ProviderCard
              name={name}
              provider={provider}
              killSwitch={killSwitchOf(chaos.data, name)}
              breaker={breakerOf(breakers.data?.items, name)}
              locked={closed !== null}
              compact={compact}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Reason {
  title: string;
  detail: string;
}

function whyClosed(info: Info | undefined, chaos: Chaos | undefined, error: Error | null): Reason | null {
  const refused = error instanceof ApiProblem && error.code === "chaos_disabled";
  if (refused || info?.chaos_enabled === false || chaos?.enabled === false) {
    return {
      title: "Chaos is off on this server",
      detail:
        "Kill switches cannot be turned on here. Start the server with SENTINEL_CHAOS=on to allow them. Circuits can still be reset.",
    };
  }
  if (chaos?.halted) {
    return {
      title: "Chaos is halted",
      detail:
        "An operator has halted chaos: everything was turned off, and nothing new is accepted until it is resumed.",
    };
  }
  return null;
}

function Closed({ reason }: { reason: Reason }) {
  return (
    <div role="note" className="rounded-xl border border-line-strong bg-sunken p-4 text-sm">
      <p className="flex items-center gap-2 font-semibold">
        <Icon name="warning" className="text-warn" />
        {reason.title}
      </p>
      <p className="mt-1 text-ink-2">{reason.detail}</p>
    </div>
  );
}

function ReadFailed({ error, stale }: { error: Error; stale: boolean }) {
  return (
    <p role="alert" className="text-sm text-bad">
      {describeError(error).title}. {stale && "What is shown below may be out of date."}
    </p>
  );
}

function killSwitchOf(chaos: Chaos | undefined, target: string): KillSwitch | null {
  return chaos?.kill_switches.find((entry) => entry.active && entry.target === target) ?? null;
}

function breakerOf(breakers: Breaker[] | undefined, provider: string): Breaker | null {
  return breakers?.find(({ key }) => key === `provider:${provider}`) ?? null;
}
