/** What went into a tool, or came out of it, to the letter. */

export function Exchange({ name, text, note }: { name: string; text: string; note?: string | null }) {
  return (
    <div>
      <p className="text-xs font-medium text-ink-2">{name}</p>
      <pre
        // Long ones scroll, and who has no mouse must be able to scroll them, too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="group"
        aria-label={name}
        className="mt-0.5 max-h-60 overflow-auto rounded font-mono text-xs break-words whitespace-pre-wrap text-ink"
      >
        {text}
      </pre>
      {note && <p className="mt-0.5 text-xs text-ink-2">{note}</p>}
    </div>
  );
}
