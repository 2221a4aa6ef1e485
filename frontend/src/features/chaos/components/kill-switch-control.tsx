/** The kill switch of one provider, with an expiry so that nobody forgets it. */
import { useId, useState } from "react";
import { ActFailed } from "@/components/ui/act-failed";
import { Countdown } from "@/components/ui/clock";
import { Icon } from "@/components/ui/icon";
import { Switch } from "@/components/ui/switch";
import { EXPIRIES, KILL_EXPIRY, killSwitchCommand } from "@/lib/expiries";
import { useKillSwitch } from "@/lib/queries/levers";
import type { KillSwitch } from "@/types/wire";

interface KillSwitchControlProps {
  name: string;
  killSwitch: KillSwitch | null;
  active: boolean;
  locked: boolean;
}

export function KillSwitchControl({ name, killSwitch, active, locked }: KillSwitchControlProps) {
  const noteId = useId();
  const [seconds, setSeconds] = useState<number>(KILL_EXPIRY);
  const [reason, setReason] = useState("");
  const act = useKillSwitch();
  const flip = (on: boolean) => act.mutate({ target: name, command: killSwitchCommand(on, seconds, reason) });

  return (
    <div className="space-y-2.5 px-4 py-3">
      <div className="flex items-center justify-between gap-3">
        <div>
          <p className="flex items-center gap-1.5 text-sm font-medium">
            <Icon name="power" small />
            Kill switch
          </p>
          <p id={noteId} className="text-xs text-ink-2">
            {active ? "All calls to this provider are refused." : "Refuse every call to this provider."}
          </p>
        </div>
        <Switch
          label={`Kill switch for ${name}`}
          checked={active}
          onChange={flip}
          disabled={act.isPending || (locked && !active)}
          describedBy={noteId}
          tone="danger"
        />
      </div>
      {active ? (
        <ActiveNote killSwitch={killSwitch} />
      ) : (
        <Terms
          name={name}
          disabled={locked}
          seconds={seconds}
          onSeconds={setSeconds}
          reason={reason}
          onReason={setReason}
        />
      )}
      {act.error && <ActFailed act="The kill switch was not changed" error={act.error} />}
    </div>
  );
}

function ActiveNote({ killSwitch }: { killSwitch: KillSwitch | null }) {
  if (!killSwitch) return null;
  return (
    <p className="text-xs text-ink-2">
      {killSwitch.reason && <>“{killSwitch.reason}” · </>}
      by {killSwitch.actor}
      {killSwitch.expires_at && (
        <>
          {" · "}off again in{" "}
          <Countdown until={killSwitch.expires_at} done="a moment" className="font-mono" />
        </>
      )}
    </p>
  );
}

interface TermsProps {
  name: string;
  disabled: boolean;
  seconds: number;
  onSeconds: (seconds: number) => void;
  reason: string;
  onReason: (reason: string) => void;
}

const FIELD = "min-h-9 min-w-0 rounded-lg border border-line bg-surface px-2 text-[0.8125rem] text-ink";

function Terms({ name, disabled, seconds, onSeconds, reason, onReason }: TermsProps) {
  return (
    <div className="grid grid-cols-[auto_1fr] gap-2">
      <select
        aria-label={`How long the kill switch for ${name} stays on`}
        value={seconds}
        disabled={disabled}
        onChange={(event) => onSeconds(Number(event.target.value))}
        className={FIELD}
      >
        {EXPIRIES.map((expiry) => (
          <option key={expiry.seconds} value={expiry.seconds}>
            {expiry.words}
          </option>
        ))}
      </select>
      <input
        aria-label={`Reason for the kill switch of ${name}`}
        placeholder="Reason (optional)"
        value={reason}
        disabled={disabled}
        maxLength={200}
        onChange={(event) => onReason(event.target.value)}
        className={FIELD}
      />
    </div>
  );
}
