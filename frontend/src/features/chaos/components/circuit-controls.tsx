/** The circuit of one provider: its state as word and picture, and Trip and Reset. */
import { ActFailed } from "@/components/ui/act-failed";
import { Button } from "@/components/ui/button";
import { CircuitStanding } from "@/components/ui/circuit-standing";
import { useCircuitAct, type CircuitAct } from "@/lib/queries/levers";
import { KILLED, openedWords } from "@/lib/words/circuits";
import type { Breaker, ProviderCircuit } from "@/types/wire";

interface CircuitControlsProps {
  name: string;
  circuit: ProviderCircuit;
  breaker: Breaker | null;
  /** A kill switch keeps calls away, whatever the circuit says. */
  killed: boolean;
}

const REASON = "from the console";

export function CircuitControls({ name, circuit, breaker, killed }: CircuitControlsProps) {
  const act = useCircuitAct();
  const run = (what: CircuitAct) =>
    act.mutate({ act: what, command: { key: `provider:${name}`, reason: REASON } });

  return (
    <div className="space-y-2.5 border-t border-line px-4 pt-3 pb-4">
      <CircuitStanding
        circuit={circuit}
        override={breaker?.override ?? null}
        opened={breaker && openedWords(breaker)}
        barred={killed ? KILLED : null}
        unit="failure"
        testId={`circuit-${name}`}
      />
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
