"use client";
import { ChaosPanel } from "@/features/chaos/components/chaos-panel";

export function ChaosPage() {
  return (
    <div className="mx-auto w-full max-w-5xl px-4 py-8 sm:px-6">
      <h1 className="text-2xl font-semibold tracking-tight">Chaos</h1>
      <p className="mt-1 mb-6 max-w-prose text-ink-2">
        Break things on purpose. A kill switch refuses every call to a provider; a tripped circuit stays open
        until its pause is over. Questions then go to the next target of their route.
      </p>
      <h2 className="sr-only">Providers</h2>
      <ChaosPanel />
    </div>
  );
}
