/** The circuit of a tool and its kill switch: how they stand, and the levers, with a reason and an end. */
import { useState } from "react";
import { ActFailed } from "@/components/ui/act-failed";
import { Button } from "@/components/ui/button";
import { CircuitStanding } from "@/components/ui/circuit-standing";
import { Icon } from "@/components/ui/icon";
import { barredWords } from "@/features/tools/words";
import { EXPIRIES, KILL_EXPIRY, killSwitchCommand } from "@/lib/expiries";
import { useCircuitAct, useKillSwitch, type CircuitAct } from "@/lib/queries/levers";
import { openedWords } from "@/lib/words/circuits";
import type { Tool } from "@/types/wire";

const FIELD =
  "min-h-9 min-w-0 rounded-lg border border-line-strong bg-surface px-2 text-[0.8125rem] text-ink";
/** A circuit that is tripped without an end rests for its usual time. */
const NO_END = 0;

export function ToolLevers({ tool }: { tool: Tool }) {
  return (
    <section aria-label="Circuit and kill switch" className="space-y-2.5 border-t border-line px-4 py-3">
      <CircuitStanding
        circuit={tool.circuit}
        override={tool.circuit.override}
        opened={openedWords(tool.circuit)}
        barred={barredWords(tool)}
        unit="recent failure"
        testId={`circuit-${tool.key}`}
      />
      {tool.kill_switch && (
        <p className="flex items-center gap-2 text-sm font-medium text-bad">
          <Icon name="power" small />
          Switched off by its kill switch.
        </p>
      )}
      {tool.paused_seconds > 0 && (
        <p className="text-sm text-ink-2">
          It asked for a pause, or we may not use it: nothing is sent for {Math.ceil(tool.paused_seconds)} s.
          Reconnecting its server ends that.
        </p>
      )}
      <Levers tool={tool} />
    </section>
  );
}

function Levers({ tool }: { tool: Tool }) {
  const [reason, setReason] = useState("");
  const [seconds, setSeconds] = useState(KILL_EXPIRY);
  const circuit = useCircuitAct();
  const killSwitch = useKillSwitch();
  const name = tool.key.replace(/^tool:/, "");
  const move = (act: CircuitAct) =>
    circuit.mutate({
      act,
      command: {
        key: tool.key,
        ...(reason.trim() ? { reason: reason.trim() } : {}),
        ...(act === "trip" && seconds !== NO_END ? { ttl_seconds: seconds } : {}),
      },
    });
  const flip = () =>
    killSwitch.mutate({ target: tool.key, command: killSwitchCommand(!tool.kill_switch, seconds, reason) });
  const isBusy = circuit.isPending || killSwitch.isPending;
  return (
    <>
      <div className="grid grid-cols-[auto_1fr] gap-2">
        <select
          aria-label={`How long the act on ${name} lasts`}
          value={seconds}
          onChange={(event) => setSeconds(Number(event.target.value))}
          className={FIELD}
        >
          {EXPIRIES.map((expiry) => (
            <option key={expiry.seconds} value={expiry.seconds}>
              {expiry.seconds === NO_END ? "no set end" : expiry.words}
            </option>
          ))}
        </select>
        <input
          aria-label={`Reason for the act on ${name}`}
          placeholder="Reason (optional)"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          className={FIELD}
        />
      </div>
      <div className="grid grid-cols-3 gap-2">
        <Button size="small" aria-label={`Trip ${name}`} disabled={isBusy} onClick={() => move("trip")}>
          Trip
        </Button>
        <Button size="small" aria-label={`Reset ${name}`} disabled={isBusy} onClick={() => move("reset")}>
          Reset
        </Button>
        <Button
          size="small"
          icon="power"
          aria-label={`Switch ${tool.kill_switch ? "on" : "off"} ${name}`}
          disabled={isBusy}
          onClick={flip}
        >
          Switch {tool.kill_switch ? "on" : "off"}
        </Button>
      </div>
      <p className="text-xs text-ink-2">
        Trip opens the circuit, as failures would; Reset closes it. A tool that is switched off is not called
        at all; equivalent tools are called instead. Without a set end, a circuit stays open for its usual
        time and a tool stays off.
      </p>
      {circuit.error && <ActFailed act="The circuit was not changed" error={circuit.error} />}
      {killSwitch.error && <ActFailed act="The kill switch was not changed" error={killSwitch.error} />}
    </>
  );
}
