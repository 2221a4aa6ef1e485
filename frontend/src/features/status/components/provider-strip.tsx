/** The health of every provider in the header: a shape, a name, a word. */
import { StateDot } from "@/components/ui/badge";
import { useProvidersStatus } from "@/lib/queries/system";
import { providerWording, type Tone } from "@/lib/words/providers";
import type { ProvidersStatus } from "@/types/wire";

export function ProviderStrip() {
  const providers = useProvidersStatus();
  if (!providers.data) {
    return (
      <p className="text-[0.8125rem] text-ink-3">
        {providers.isError ? "Providers unknown" : "Loading providers…"}
      </p>
    );
  }
  return (
    <div data-testid="provider-strip" className="min-w-0">
      <Summary providers={providers.data} />
      <ul aria-label="Providers" className="hidden min-w-0 flex-wrap items-center gap-x-4 gap-y-0.5 md:flex">
        {Object.entries(providers.data).map(([name, provider]) => {
          const { word, tone } = providerWording(provider);
          return (
            <li key={name} className="flex items-center gap-1.5 text-[0.8125rem] whitespace-nowrap">
              <StateDot tone={tone} />
              <span className="font-medium">{name}</span>
              <span className="text-ink-2">{word}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** On a phone: the worst state, and how many are fine. */
function Summary({ providers }: { providers: ProvidersStatus }) {
  const tones = Object.values(providers).map((provider) => providerWording(provider).tone);
  return (
    <p className="flex min-w-0 items-center gap-1.5 truncate text-[0.8125rem] md:hidden">
      <StateDot tone={worst(tones)} />
      <span className="truncate">{summary(tones)}</span>
    </p>
  );
}

function summary(tones: readonly Tone[]): string {
  const count = (wanted: Tone) => tones.filter((tone) => tone === wanted).length;
  if (count("bad") > 0) return `${count("bad")} of ${tones.length} unavailable`;
  return count("warn") > 0 ? `${count("warn")} of ${tones.length} degraded` : `${tones.length} ready`;
}

function worst(tones: readonly Tone[]): Tone {
  const order: readonly Tone[] = ["bad", "warn", "idle"];
  return order.find((tone) => tones.includes(tone)) ?? "ok";
}
