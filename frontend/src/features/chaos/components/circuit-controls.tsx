/** The circuit of one provider: its state as word and picture, and Trip and Reset. */
import { ActFailed } from "@/components/ui/act-failed";
import { Button } from "@/components/ui/button";
import { CircuitGlyph } from "@/components/ui/circuit-glyph";
import { CircuitOverride } from "@/components/ui/circuit-override";
import { Countdown } from "@/components/ui/clock";
import { cx } from "@/lib/cx";
import { useCircuitAct, type CircuitAct } from "@/lib/queries/levers";
import { circuitWording } from "@/lib/words/providers";
import type { Breaker, ProviderCircuit } from "@/types/wire";

interface CircuitControlsProps {
  name: string;
  circuit: ProviderCircuit;
  breaker: Breaker | null;
  /** A kill switch keeps calls away, whatever the circuit says. */
  killed: boolean;
}

const INK = { ok: "text-ok", warn: "text-warn", bad: "text-bad", idle: "", sim: "", accent: "" };
const REASON = "from the console";

export function CircuitControls({ name, circuit, breaker, killed }: CircuitControlsProps) {
  const act = useCircuitAct();
  const { word, tone, explanation } = circuitWording(circuit.state);
  const run = (what: CircuitAct) =>
    act.mutate({ act: what, command: { key: `provider:${name}`, reason: REASON } });

  return (
    <div className="space-y-2.5 border-t border-line px-4 pt-3 pb-4">
      <div className="flex items-center justify-between gap-3">
        <div className="flex items-center gap-3">
          <CircuitGlyph state={circuit.state} />
          <p className="text-sm" data-testid={`circuit-${name}`}>
            Circuit <span className={cx("font-semibold", INK[tone])}>{word}</span>
          </p>
        </div>
        <p className="text-right font-mono text-xs text-ink-2 tabular-nums">
          {circuit.failures} {circuit.failures === 1 ? "failure" : "failures"}
        </p>
      </div>
      <p className="text-xs text-ink-2">
        {killed ? "The kill switch refuses all calls, whatever the state of the circuit." : explanation}
        {circuit.state === "open" && circuit.retry_at && (
          <>
            {" "}
            Next trial call in{" "}
            <Countdown
              until={circuit.retry_at}
              done="a moment"
              className="font-mono font-semibold text-ink tabular-nums"
            />
          </>
        )}
      </p>
      {breaker?.override && <CircuitOverride override={breaker.override} />}
      {circuit.state === "closed" && <OpenElsewhere processes={circuit.open_elsewhere} />}
      <div className="grid grid-cols-2 gap-2">
        <Button size="small" aria-label={`Trip ${name}`} disabled={act.isPending} onClick={() => run("trip")}>
          Trip
        </Button>
        <Button
          size="small"
          aria-label={`Reset ${name}`}
          disabled={act.isPending}
          onClick={() => run("reset")}
        >
          Reset
        </Button>
      </div>
      {act.error && <ActFailed act="The circuit was not changed" error={act.error} />}
    </div>
  );
}

/** What other processes found, who are too few to be believed here. */
function OpenElsewhere({ processes }: { processes: number }) {
  if (processes === 0) return null;
  return (
    <p className="text-xs text-warn">
      Open in {processes} other {processes === 1 ? "process" : "processes"}, which{" "}
      {processes === 1 ? "has" : "have"} seen it fail.
    </p>
  );
}
