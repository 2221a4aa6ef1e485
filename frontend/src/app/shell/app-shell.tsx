"use client";
/** The frame around every page: banners, rail, header, conversations, page, chaos dock. */
import { usePathname } from "next/navigation";
import { Suspense, useCallback, useMemo, useState, type ReactNode } from "react";
import { ChaosDock } from "@/app/shell/chaos-dock";
import { HeaderBar } from "@/app/shell/header-bar";
import { HelpDialog } from "@/app/shell/help-dialog";
import { NavRail } from "@/app/shell/nav-rail";
import { isCurrent } from "@/app/shell/navigation";
import { SideDrawer, SidePanel, THREAD_SEARCH_ID } from "@/app/shell/side-panel";
import { KillSwitchBanner } from "@/features/chaos/components/kill-switch-banner";
import { ConnectionBanner } from "@/features/status/components/connection-banner";
import { focusComposer } from "@/lib/composer";
import { useShortcuts } from "@/lib/shortcuts";
import { toggleTheme } from "@/lib/theme";
import { openThread } from "@/lib/thread-route";

type Surface = "drawer" | "dock" | "help";

export function AppShell({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState<ReadonlySet<Surface>>(new Set());
  const onChat = isCurrent("/", usePathname());
  const toggle = useCallback((surface: Surface) => setOpen((before) => toggled(before, surface)), []);
  const close = useCallback((surface: Surface) => setOpen((before) => without(before, surface)), []);
  useShortcuts(useShellShortcuts(onChat, toggle));

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <ConnectionBanner />
      <KillSwitchBanner />
      <div className="flex min-h-0 flex-1">
        <NavRail />
        {onChat && (
          <Suspense>
            <SidePanel />
          </Suspense>
        )}
        <div className="flex min-w-0 flex-1 flex-col">
          <HeaderBar
            onMenu={() => toggle("drawer")}
            onHelp={() => toggle("help")}
            onDock={onChat ? () => toggle("dock") : null}
            dockOpen={open.has("dock")}
          />
          <div className="flex min-h-0 flex-1">
            <main
              id="main"
              tabIndex={-1}
              className="flex min-w-0 flex-1 flex-col overflow-y-auto outline-none"
            >
              {children}
            </main>
            {onChat && <ChaosDock open={open.has("dock")} onClose={() => close("dock")} />}
          </div>
        </div>
      </div>
      <Suspense>
        <SideDrawer open={open.has("drawer")} onClose={() => close("drawer")} />
      </Suspense>
      <HelpDialog open={open.has("help")} onClose={() => close("help")} />
    </div>
  );
}

function useShellShortcuts(onChat: boolean, toggle: (surface: Surface) => void) {
  return useMemo(
    () => ({
      newChat: () => (onChat ? openThread(null) : window.location.assign("/")),
      focusComposer,
      search: () => document.getElementById(THREAD_SEARCH_ID)?.focus(),
      chaos: () => (onChat ? toggle("dock") : undefined),
      theme: toggleTheme,
      help: () => toggle("help"),
    }),
    [onChat, toggle],
  );
}

function without(surfaces: ReadonlySet<Surface>, surface: Surface): ReadonlySet<Surface> {
  return new Set([...surfaces].filter((entry) => entry !== surface));
}

function toggled(surfaces: ReadonlySet<Surface>, surface: Surface): ReadonlySet<Surface> {
  return surfaces.has(surface) ? without(surfaces, surface) : new Set([...surfaces, surface]);
}
