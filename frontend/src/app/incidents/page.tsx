import type { Metadata } from "next";
import { Suspense } from "react";
import { IncidentsPage } from "@/app/shell/incidents-page";

export const metadata: Metadata = { title: "Incidents · Sentinel" };

export default function Page() {
  return (
    <Suspense>
      <IncidentsPage />
    </Suspense>
  );
}
