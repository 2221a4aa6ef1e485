"use client";
/** The overview of keyboard shortcuts, and the switch that turns single keys on. */
import { useId } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Switch } from "@/components/ui/switch";
import { SHORTCUTS, useSingleKeySetting } from "@/lib/shortcuts";

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="px-5 pt-1 pb-5">
        <dl className="divide-y divide-line">
          {SHORTCUTS.map(({ id, shown, description }) => (
            <div key={id} className="flex items-center justify-between gap-4 py-2 text-sm">
              <dt>{description}</dt>
              <dd>
                <kbd>{shown}</kbd>
              </dd>
            </div>
          ))}
          <div className="flex items-center justify-between gap-4 py-2 text-sm">
            <dt>Send, and new line</dt>
            <dd>
              <kbd>Enter</kbd>, <kbd>Shift</kbd> <kbd>Enter</kbd>
            </dd>
          </div>
        </dl>
        <SingleKeys />
      </div>
    </Dialog>
  );
}

function SingleKeys() {
  const noteId = useId();
  const [enabled, setEnabled] = useSingleKeySetting();
  return (
    <div className="mt-3 flex items-center justify-between gap-4 rounded-xl bg-sunken px-4 py-3">
      <p id={noteId} className="text-sm text-ink-2">
        Single keys are off until you turn them on. They never act while you are typing.
      </p>
      <Switch label="Single-key shortcuts" checked={enabled} onChange={setEnabled} describedBy={noteId} />
    </div>
  );
}
