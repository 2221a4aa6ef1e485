"use client";
/** The chaos panel beside the chat, so that one can break things while an answer is being written. */
import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import { IconButton } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { ChaosPanel } from "@/features/chaos/components/chaos-panel";
import { isEscape } from "@/lib/shortcuts";
import { useMedia, WIDE } from "@/lib/use-media";

interface ChaosDockProps {
  open: boolean;
  onClose: () => void;
}

export function ChaosDock({ open, onClose }: ChaosDockProps) {
  const wide = useMedia(WIDE);
  if (!wide) {
    return (
      <Dialog open={open} onClose={onClose} title="Chaos" place="right">
        <div className="p-4 pt-2">
          <ChaosPanel compact />
        </div>
      </Dialog>
    );
  }
  return open ? <Dock onClose={onClose} /> : null;
}

/** Stays beside the chat: it neither takes the focus when it opens nor keeps it, but gives it back. */
function Dock({ onClose }: { onClose: () => void }) {
  const panel = useRef<HTMLElement>(null);
  useEscape(onClose);
  useReturnedFocus(panel);
  return (
    // Escape inside the dock closes it, even while it would stop an answer elsewhere.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <aside
      ref={panel}
      aria-label="Chaos dock"
      onKeyDown={(event) => {
        if (!isEscape(event.nativeEvent)) return;
        event.preventDefault();
        onClose();
      }}
      className="flex w-90 shrink-0 flex-col border-l border-line bg-panel"
    >
      <div className="flex items-center justify-between py-2 pr-2 pl-4">
        <h2 className="font-semibold">Chaos</h2>
        <IconButton icon="close" label="Close the chaos dock" onClick={onClose} />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-4 pb-4">
        <ChaosPanel compact />
      </div>
    </aside>
  );
}

/** The window hears of a key last: an answer that is being written, a dialog and a menu come first. */
function useEscape(onEscape: () => void) {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (isEscape(event)) onEscape();
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [onEscape]);
}

/** If the panel goes with the focus inside, what opened it has the focus again. */
function useReturnedFocus(panel: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const inside = panel.current;
    return () => {
      if (opener instanceof HTMLElement && inside?.contains(document.activeElement)) opener.focus();
    };
  }, [panel]);
}
