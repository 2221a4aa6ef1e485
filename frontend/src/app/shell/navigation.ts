/** The pages of the console, in the order of the rail. New pages are added here. */
import type { IconName } from "@/components/ui/icon";

export interface Destination {
  href: string;
  label: string;
  icon: IconName;
}

export const DESTINATIONS: readonly Destination[] = [
  { href: "/", label: "Chat", icon: "chat" },
  { href: "/chaos/", label: "Chaos", icon: "chaos" },
  { href: "/tools/", label: "Tools", icon: "tool" },
  { href: "/incidents/", label: "Incidents", icon: "pulse" },
];

/** Compare addresses without caring about the last slash. */
export function isCurrent(href: string, pathname: string): boolean {
  const bare = (path: string) => path.replace(/\/+$/, "") || "/";
  return bare(href) === bare(pathname);
}
