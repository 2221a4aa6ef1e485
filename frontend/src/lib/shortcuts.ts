/** Keyboard shortcuts: one list that the listener obeys and the help overlay prints. */
import { useEffect, useState } from "react";
import { readStored, writeStored } from "@/lib/storage";

export type ShortcutId = "newChat" | "focusComposer" | "search" | "stop" | "chaos" | "theme" | "help";

interface Shortcut {
  id: ShortcutId;
  key: string;
  shown: string;
  description: string;
  /** Works while typing too. Single characters never do. */
  whileTyping: boolean;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { id: "newChat", key: "n", shown: "N", description: "New chat", whileTyping: false },
  { id: "focusComposer", key: "/", shown: "/", description: "Write a message", whileTyping: false },
  { id: "search", key: "s", shown: "S", description: "Search conversations", whileTyping: false },
  {
    id: "stop",
    key: "Escape",
    shown: "Esc",
    description: "Stop the answer being written, or close the chaos dock",
    whileTyping: true,
  },
  { id: "chaos", key: "c", shown: "C", description: "Open or close the chaos dock", whileTyping: false },
  { id: "theme", key: "t", shown: "T", description: "Switch between light and dark", whileTyping: false },
  { id: "help", key: "?", shown: "?", description: "Show this overview", whileTyping: false },
];

export type ShortcutHandlers = Partial<Record<ShortcutId, () => void>>;

const SETTING = "single-keys";

/** Off until a person wants them: otherwise a sentence typed in the wrong place would press half of them. */
export function singleKeysEnabled(): boolean {
  return readStored("local", SETTING) === "on";
}

/** Whether single-key shortcuts are on, and how to change that. */
export function useSingleKeySetting(): [boolean, (enabled: boolean) => void] {
  const [enabled, setEnabled] = useState(singleKeysEnabled);
  const change = (next: boolean) => {
    writeStored("local", SETTING, next ? "on" : null);
    setEnabled(next);
  };
  return [enabled, change];
}

export function useShortcuts(handlers: ShortcutHandlers): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const matched = matchShortcut(event);
      const handler = matched && handlers[matched];
      if (!handler) return;
      event.preventDefault();
      handler();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [handlers]);
}

/** Whether an Escape is still to be had: nobody else has used it, and no dialog or menu is open. */
export function isEscape(event: KeyboardEvent): boolean {
  return event.key === "Escape" && !isForSomeoneElse(event);
}

function matchShortcut(event: KeyboardEvent): ShortcutId | null {
  if (isForSomeoneElse(event)) return null;
  const shortcut = SHORTCUTS.find(({ key }) => key === event.key);
  if (!shortcut) return null;
  if (shortcut.whileTyping) return shortcut.id;
  return isTyping(event.target) || !singleKeysEnabled() ? null : shortcut.id;
}

function isForSomeoneElse(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  // An open dialog or menu owns the keyboard; Escape closes it and nothing else.
  return document.querySelector("dialog[open], [role=menu]") !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable=true]") !== null
  );
}
