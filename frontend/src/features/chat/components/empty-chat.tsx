/** The first thing a person sees: what this is, who would answer, and something to try. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "@/components/ui/icon";

interface EmptyChatProps {
  /** The route a question would take now. */
  routeMap: ReactNode;
  onPick: (text: string) => void;
}

interface Suggestion {
  icon: IconName;
  title: string;
  /** What the question adds to its title; the whole question is in the composer once it is picked. */
  hint: string;
  text: string;
}

const SUGGESTIONS: readonly Suggestion[] = [
  {
    icon: "pulse",
    title: "Explain circuit breakers",
    hint: "With a table, code and a formula",
    text: "Explain circuit breakers, with a table of the states, a short code example and the failure-rate formula.",
  },
  {
    icon: "tool",
    title: "Use a tool",
    hint: "Calculate (17 * 23) + 2 ** 10",
    text: "Calculate (17 * 23) + 2 ** 10 with the calculator.",
  },
  {
    icon: "search",
    title: "Look something up",
    hint: "What happens when a stream breaks",
    text: "Look up in the documentation what happens when a stream breaks.",
  },
  {
    icon: "chaos",
    title: "What is Sentinel?",
    hint: "And what it does when a provider dies",
    text: "What is Sentinel, and what does it do when my model provider dies?",
  },
];

export function EmptyChat({ routeMap, onPick }: EmptyChatProps) {
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-[min(5dvh,4rem)] sm:px-6">
      <div className="flex flex-col gap-5 sm:gap-6">
        <header>
          <h2 className="text-[clamp(1.75rem,5vw,2.5rem)] leading-tight font-semibold tracking-tight text-balance">
            Ask something. Then break something.
          </h2>
          <p className="mt-2 max-w-prose text-ink-2">
            Your question goes to the first target below that can answer. Turn on its kill switch in the chaos
            dock, ask again, and watch the next target take over.
          </p>
        </header>
        {routeMap}
        <section aria-label="Suggestions" className="grid grid-cols-2 gap-2.5">
          {SUGGESTIONS.map((suggestion) => (
            <SuggestionCard key={suggestion.title} suggestion={suggestion} onPick={onPick} />
          ))}
        </section>
      </div>
      <div aria-hidden="true" className="more-below" />
    </div>
  );
}

function SuggestionCard({ suggestion, onPick }: { suggestion: Suggestion; onPick: (text: string) => void }) {
  const { icon, title, hint, text } = suggestion;
  return (
    <button
      type="button"
      onClick={() => onPick(text)}
      className="flex items-start gap-2.5 rounded-xl border border-line bg-surface p-3 text-left transition-colors hover:border-accent sm:gap-3"
    >
      <Icon name={icon} className="mt-0.5 text-accent" />
      <span className="min-w-0">
        <span className="block text-sm font-semibold">{title}</span>
        <span className="mt-0.5 hidden text-[0.8125rem] text-ink-2 sm:block">{hint}</span>
      </span>
    </button>
  );
}
