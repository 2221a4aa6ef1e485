/** Says plainly that the answers are not a real model's, and how to change that. */
import { useState } from "react";
import { Dialog } from "@/components/ui/dialog";
import { useInfo } from "@/lib/queries/system";

export function SimulatedNotice() {
  const info = useInfo();
  const [open, setOpen] = useState(false);
  if (!info.data?.simulated) return null;
  return (
    <>
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="inline-flex min-h-8 shrink-0 items-center rounded-full bg-sim-soft px-3 text-[0.8125rem] font-medium whitespace-nowrap text-sim hover:underline"
      >
        Simulated<span className="hidden sm:inline">&nbsp;providers</span>
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="These providers are simulated">
        <HowToConnect />
      </Dialog>
    </>
  );
}

function HowToConnect() {
  return (
    <div className="space-y-4 px-5 pt-1 pb-6 text-sm text-ink-2">
      <p>
        No real model is configured, so two small scripted ones answer instead. They speak the OpenAI and
        Ollama wire protocols, so everything you see here (failover, circuits, kill switches) is real; only
        the words are scripted.
      </p>
      <section aria-label="Use OpenAI or a compatible server">
        <h3 className="font-semibold text-ink">OpenAI, or a compatible server</h3>
        <pre className="env-lines">
          {"OPENAI_API_KEY=sk-…\nOPENAI_MODEL=gpt-4o-mini\n# OPENAI_BASE_URL=https://…/v1"}
        </pre>
      </section>
      <section aria-label="Use Ollama">
        <h3 className="font-semibold text-ink">A local Ollama</h3>
        <pre className="env-lines">{"OLLAMA_BASE_URL=http://localhost:11434\nOLLAMA_MODEL=llama3.2"}</pre>
      </section>
      <p>
        Put these lines into <code>.env</code> next to the Makefile and restart. With both, OpenAI answers and
        Ollama is its fallback. Routes and more providers go into <code>sentinel.yaml</code>. A{" "}
        <code>sentinel.yaml</code> with providers or routes of its own takes precedence over these lines: name
        the providers there.
      </p>
    </div>
  );
}
