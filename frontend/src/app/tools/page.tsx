import type { Metadata } from "next";
import { Suspense } from "react";
import { ToolsPage } from "@/app/shell/tools-page";

export const metadata: Metadata = { title: "Tools · Sentinel" };

export default function Page() {
  return (
    <Suspense>
      <ToolsPage />
    </Suspense>
  );
}
