/** Where a person writes. Says why it cannot send, and never loses a word. */
import { useId, useRef, type KeyboardEvent } from "react";
import { Button } from "@/components/ui/button";
import type { Draft } from "@/features/chat/hooks/use-draft";
import { COMPOSER_ID } from "@/lib/composer";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/time";

interface ComposerProps {
  draft: Draft;
  /** An answer is being written: Stop takes the place of Send. */
  busy: boolean;
  stopping: boolean;
  sending: boolean;
  maxChars: number | null;
  onSend: (text: string) => void;
  onStop: () => void;
}

/** The counter appears when this share of the limit is used. */
const COUNTER_FROM = 0.8;

export function Composer({ draft, busy, stopping, sending, maxChars, onSend, onStop }: ComposerProps) {
  const hintId = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const reason = whyNot(draft.text, { busy, sending, maxChars });

  const send = () => {
    if (reason) return box.current?.focus();
    onSend(draft.text.trim());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="rounded-2xl border border-line-strong bg-surface shadow-raised focus-within:border-accent"
    >
      <textarea
        ref={box}
        id={COMPOSER_ID}
        aria-label="Message"
        aria-describedby={hintId}
        placeholder="Ask something…"
        rows={1}
        value={draft.text}
        onChange={(event) => draft.write(event.target.value)}
        onKeyDown={onKeyDown}
        className="composer-box block max-h-[40dvh] min-h-12 w-full resize-none bg-transparent px-4 pt-3 pb-1 text-base outline-none placeholder:text-ink-3"
      />
      <div className="flex items-center gap-3 pr-2 pb-2 pl-4">
        <p id={hintId} className="min-w-0 flex-1 text-xs text-ink-3">
          <Hint text={draft.text} reason={reason} busy={busy} maxChars={maxChars} />
        </p>
        {busy ? (
          <Button look="plain" icon="stop" onClick={onStop} disabled={stopping}>
            {stopping ? "Stopping…" : "Stop"}
          </Button>
        ) : (
          <Button
            type="submit"
            look="primary"
            icon="send"
            aria-disabled={reason !== null}
            aria-describedby={hintId}
          >
            Send
          </Button>
        )}
      </div>
    </form>
  );
}

interface HintProps {
  text: string;
  reason: string | null;
  busy: boolean;
  maxChars: number | null;
}

function Hint({ text, reason, busy, maxChars }: HintProps) {
  const near = maxChars !== null && text.length >= maxChars * COUNTER_FROM;
  const over = maxChars !== null && text.length > maxChars;
  return (
    <>
      {near && (
        <span className={cx("mr-2 font-mono", over ? "font-semibold text-bad" : "text-ink-2")}>
          {formatCount(text.length)} / {formatCount(maxChars)}
        </span>
      )}
      {reason && (text !== "" || busy) ? (
        <span className={over ? "text-bad" : undefined}>{reason}</span>
      ) : (
        <span className="hidden sm:inline">
          <kbd>Enter</kbd> sends · <kbd>Shift</kbd> <kbd>Enter</kbd> new line
        </span>
      )}
    </>
  );
}

function whyNot(
  text: string,
  now: { busy: boolean; sending: boolean; maxChars: number | null },
): string | null {
  if (now.sending) return "Sending your message.";
  if (now.busy) return "An answer is being written. Wait for it, or stop it, before you send.";
  if (text.trim() === "") return "Write something first.";
  if (now.maxChars !== null && text.length > now.maxChars) {
    return `${formatCount(text.length - now.maxChars)} characters too long.`;
  }
  return null;
}
