/** The loud banner: something is broken on purpose, and here is the way back. */
import { Button } from "@/components/ui/button";
import { Countdown } from "@/components/ui/clock";
import { Icon } from "@/components/ui/icon";
import { useToaster } from "@/components/ui/toasts";
import { useKillSwitch } from "@/lib/queries/levers";
import { useChaos } from "@/lib/queries/system";
import type { KillSwitch } from "@/types/wire";

export function KillSwitchBanner() {
  const chaos = useChaos();
  const active = chaos.data?.kill_switches.filter((entry) => entry.active) ?? [];
  if (active.length === 0) return null;
  return (
    <section aria-label="Active kill switches" className="border-b border-bad/40 bg-bad-soft">
      <div aria-hidden="true" className="hazard h-1.5" />
      <ul>
        {active.map((entry) => (
          <BannerRow key={entry.target} entry={entry} />
        ))}
      </ul>
    </section>
  );
}

function BannerRow({ entry }: { entry: KillSwitch }) {
  const act = useKillSwitch();
  const toaster = useToaster();
  const turnOff = () =>
    act.mutate(
      { target: entry.target, command: { active: false } },
      { onError: (error) => toaster.fail("The kill switch was not changed", error) },
    );
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-1.5 text-sm">
      <Icon name="power" className="text-bad" />
      <p role="alert" className="min-w-0 flex-1 break-words">
        <strong className="font-semibold text-bad">Kill switch on: {entry.target}.</strong>{" "}
        <span className="text-ink-2">
          Set by {entry.actor}
          {entry.reason && <> (“{entry.reason}”)</>}.
        </span>
      </p>
      {entry.expires_at && (
        <Countdown
          until={entry.expires_at}
          done="ending"
          className="font-mono text-xs text-ink-2 tabular-nums"
        />
      )}
      <Button
        size="small"
        aria-label={`Turn off the kill switch for ${entry.target}`}
        onClick={turnOff}
        disabled={act.isPending}
      >
        Turn off
      </Button>
    </li>
  );
}
