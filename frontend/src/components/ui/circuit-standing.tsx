/** How a circuit stands, and why: the same for that of a provider and that of a tool. */
import { CircuitGlyph } from "@/components/ui/circuit-glyph";
import { CircuitOverride } from "@/components/ui/circuit-override";
import { Countdown } from "@/components/ui/clock";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/time";
import { circuitWording } from "@/lib/words/circuits";
import type { BreakerOverride, CircuitState, ProviderCircuit } from "@/types/wire";

interface CircuitStandingProps {
  circuit: Pick<ProviderCircuit, "state" | "failures" | "retry_at">;
  override: BreakerOverride | null;
  /** Why it opened, as a sentence. */
  opened: string | null;
  /** What keeps calls away, whatever the circuit says, as a sentence. */
  barred: string | null;
  /** What is counted: `failure` or `recent failure`. */
  unit: string;
  testId: string;
}

const INK: Record<CircuitState, string> = { closed: "text-ok", open: "text-bad", half_open: "text-warn" };

export function CircuitStanding({ circuit, override, opened, barred, unit, testId }: CircuitStandingProps) {
  const { state, failures } = circuit;
  const { word, explanation } = circuitWording(state);
  return (
    <div className="space-y-1 text-xs text-ink-2">
      <div className="flex items-center justify-between gap-3">
        <div className="flex items-center gap-3">
          <CircuitGlyph state={state} />
          <p className="text-sm text-ink" data-testid={testId}>
            Circuit <span className={cx("font-semibold", INK[state])}>{word}</span>
          </p>
        </div>
        {(state === "closed" || failures > 0) && <Count of={unit} count={failures} />}
      </div>
      {state !== "closed" && opened && <p className="break-words text-ink">{opened}</p>}
      <p>
        {barred ?? explanation}
        {!barred && state === "open" && circuit.retry_at && <NextTrial at={circuit.retry_at} />}
      </p>
      {override && <CircuitOverride override={override} />}
    </div>
  );
}

/** Left out of an open circuit that has counted nothing: an operator, or other processes, opened it. */
function Count({ of: unit, count }: { of: string; count: number }) {
  return (
    <p className="text-right font-mono tabular-nums">
      {formatCount(count)} {count === 1 ? unit : `${unit}s`}
    </p>
  );
}

function NextTrial({ at }: { at: string }) {
  return (
    <>
      {" "}
      Next trial call in{" "}
      <Countdown until={at} done="a moment" className="font-mono font-semibold text-ink tabular-nums" />
    </>
  );
}
