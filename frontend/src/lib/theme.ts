/** Switch between light and dark: the system decides until the person does. */
import { useSyncExternalStore } from "react";
import { writeStored } from "@/lib/storage";

export type Theme = "light" | "dark";

function current(): Theme {
  return document.documentElement.dataset.theme === "dark" ? "dark" : "light";
}

function subscribe(notify: () => void): () => void {
  const observer = new MutationObserver(notify);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => observer.disconnect();
}

/** The theme in use; null while rendering without a browser. */
export function useTheme(): Theme | null {
  return useSyncExternalStore(subscribe, current, () => null);
}

export function toggleTheme(): void {
  const next: Theme = current() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  writeStored("local", "theme", next);
}
