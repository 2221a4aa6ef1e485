"use client";
import { IncidentList } from "@/features/incidents/components/incident-list";

export function IncidentsPage() {
  return (
    <div className="mx-auto w-full max-w-4xl px-4 py-8 sm:px-6">
      <h1 className="text-2xl font-semibold tracking-tight">Incidents</h1>
      <p className="mt-1 mb-6 max-w-prose text-ink-2">
        What happened to the system, newest first. Repeated events are one incident with a count.
      </p>
      <IncidentList />
    </div>
  );
}
