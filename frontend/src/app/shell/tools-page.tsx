"use client";
import { ToolsBoard } from "@/features/tools/components/tools-board";

export function ToolsPage() {
  return (
    <div className="mx-auto w-full max-w-6xl px-4 py-8 sm:px-6">
      <h1 className="text-2xl font-semibold tracking-tight">Tools</h1>
      <p className="mt-1 mb-2 max-w-prose text-ink-2">
        The tools that models can call, and how they are doing. If a server fails, only its own tools are
        affected; if a tool fails, equivalent tools stand in for it.
      </p>
      <ToolsBoard />
    </div>
  );
}
