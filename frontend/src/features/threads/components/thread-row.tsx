/** One conversation in the list, with its menu. */
import { useState } from "react";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Menu, type MenuItem } from "@/components/ui/menu";
import { useToaster } from "@/components/ui/toasts";
import { exportUrl, useDeleteThread, useRenameThread } from "@/features/threads/api/threads";
import { RenameForm } from "@/features/threads/components/rename-form";
import { cx } from "@/lib/cx";
import { openThread, threadHref, useThreadLink } from "@/lib/thread-route";
import type { Thread } from "@/types/wire";

interface ThreadRowProps {
  thread: Thread;
  current: boolean;
  onOpen: (() => void) | undefined;
}

type Mode = "reading" | "renaming" | "deleting";

export function ThreadRow({ thread, current, onOpen }: ThreadRowProps) {
  const [mode, setMode] = useState<Mode>("reading");
  const { rename, remove, busy } = useThreadActs(thread, current, () => setMode("reading"));
  const follow = useThreadLink(thread.thread_id);
  const title = thread.title || "Untitled";
  const items: MenuItem[] = [
    { label: "Rename", icon: "edit", onSelect: () => setMode("renaming") },
    {
      label: "Export as Markdown",
      icon: "download",
      onSelect: () => window.open(exportUrl(thread.thread_id)),
    },
    { label: "Delete", icon: "trash", danger: true, onSelect: () => setMode("deleting") },
  ];
  return (
    <li
      className={cx(
        "group/row relative flex items-center rounded-lg",
        current ? "bg-selected font-medium" : "hover:bg-sunken",
      )}
    >
      {mode === "renaming" ? (
        <RenameForm title={thread.title} onSave={rename} onCancel={() => setMode("reading")} />
      ) : (
        <a
          href={threadHref(thread.thread_id)}
          aria-current={current ? "page" : undefined}
          onClick={(event) => {
            follow(event);
            onOpen?.();
          }}
          className="flex min-h-10 min-w-0 flex-1 items-center gap-2 rounded-lg px-2.5 text-sm"
        >
          {thread.active_run_id && <ActiveMark />}
          <span className="truncate">{title}</span>
        </a>
      )}
      <Menu
        label={`Actions for ${title}`}
        items={items}
        className="transition-opacity group-hover/row:opacity-100 focus-within:opacity-100 [@media(hover:hover)]:opacity-0"
      />
      <ConfirmDialog
        open={mode === "deleting"}
        title="Delete this conversation?"
        detail={`“${title}” and its answers will be deleted permanently.`}
        confirmLabel="Delete"
        busy={busy}
        onConfirm={remove}
        onClose={() => setMode("reading")}
      />
    </li>
  );
}

function ActiveMark() {
  return (
    <span className="relative flex size-2 shrink-0 rounded-full bg-accent" title="An answer is being written">
      <span className="sr-only">An answer is being written: </span>
    </span>
  );
}

/** Rename and delete, with what went wrong said in a toast. */
function useThreadActs(thread: Thread, current: boolean, done: () => void) {
  const toaster = useToaster();
  const renaming = useRenameThread();
  const deleting = useDeleteThread();
  const threadId = thread.thread_id;
  const rename = (title: string) => {
    done();
    if (title === thread.title) return;
    renaming.mutate({ threadId, title }, { onError: (error) => toaster.fail("Not renamed", error) });
  };
  const remove = () =>
    deleting.mutate(threadId, {
      onSuccess: () => {
        done();
        if (current) openThread(null, "replace");
        toaster.inform("Conversation deleted");
      },
      onError: (error) => {
        done();
        toaster.fail("Not deleted", error);
      },
    });
  return { rename, remove, busy: deleting.isPending };
}
