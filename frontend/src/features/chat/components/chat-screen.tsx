/** The chat of one thread: transcript, status line and composer. */
import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Composer } from "@/features/chat/components/composer";
import { EmptyChat } from "@/features/chat/components/empty-chat";
import { FollowingScroll } from "@/features/chat/components/following-scroll";
import { StatusLine } from "@/features/chat/components/status-line";
import { Transcript } from "@/features/chat/components/transcript";
import { useConversation, type Conversation } from "@/features/chat/hooks/use-conversation";
import { useDraft, type Draft } from "@/features/chat/hooks/use-draft";
import { useStop } from "@/features/chat/hooks/use-stop";
import { describeError } from "@/lib/api/problem";
import { focusComposer } from "@/lib/composer";
import { useInfo, useProvidersStatus } from "@/lib/queries/system";
import { useShortcuts } from "@/lib/shortcuts";
import { openThread } from "@/lib/thread-route";
import type { Message } from "@/types/wire";

interface ChatScreenProps {
  threadId: string | null;
  routeMap: ReactNode;
}

/** The branch an edited message will start: a question's place in the tree. */
interface Editing {
  parentId: string | null;
}

export function ChatScreen({ threadId, routeMap }: ChatScreenProps) {
  const conversation = useConversation(threadId);
  const draft = useDraft(threadId);
  const [editing, setEditing] = useState<Editing | null>(null);
  const [sent, setSent] = useState(0);
  const { thread, busy, sending } = conversation;
  const { outgoing } = sending;
  useDocumentTitle(thread?.title, busy);

  const { write: writeDraft, release } = draft;
  const write = useCallback(
    (text: string) => {
      writeDraft(text);
      focusComposer();
    },
    [writeDraft],
  );
  const edit = useCallback(
    (question: Message) => {
      setEditing({ parentId: question.parent_message_id });
      write(question.text);
    },
    [write],
  );
  const send = (text: string) => {
    release();
    setSent(sent + 1);
    conversation.say(text, editing?.parentId);
    setEditing(null);
  };
  const empty = threadId === null && !outgoing;
  const editOutgoing = () => {
    write(outgoing?.text ?? "");
    sending.discard();
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <FollowingScroll pull={sent} enabled={!empty}>
        {empty ? (
          <EmptyChat routeMap={routeMap} onPick={write} />
        ) : (
          <History conversation={conversation} onEdit={edit} onEditOutgoing={editOutgoing} />
        )}
      </FollowingScroll>
      <div className="mx-auto w-full max-w-3xl px-3 pb-3 sm:px-6">
        {editing && <EditingNote onCancel={() => setEditing(null)} />}
        <Controls conversation={conversation} draft={draft} onSend={send} />
      </div>
    </div>
  );
}

interface HistoryProps {
  conversation: Conversation;
  onEdit: (question: Message) => void;
  onEditOutgoing: () => void;
}

function History({ conversation, onEdit, onEditOutgoing }: HistoryProps) {
  const providers = useProvidersStatus();
  return (
    <div className="mx-auto max-w-3xl px-4 pt-6 pb-6 sm:px-6">
      {conversation.error && <LoadError error={conversation.error} />}
      {conversation.loading && <p className="text-sm text-ink-2">Loading the conversation…</p>}
      <Transcript
        conversation={conversation}
        providers={providers.data}
        onEdit={onEdit}
        onEditOutgoing={onEditOutgoing}
      />
    </div>
  );
}

interface ControlsProps {
  conversation: Conversation;
  draft: Draft;
  onSend: (text: string) => void;
}

/** The status line and the composer, with Stop wired to the run that is being followed. */
function Controls({ conversation, draft, onSend }: ControlsProps) {
  const info = useInfo();
  const { followed, live, busy, sending } = conversation;
  const { stopping, stop } = useStop(busy ? (live?.state.runId ?? null) : null);
  const shortcuts = useMemo(() => (busy ? { stop } : {}), [busy, stop]);
  useShortcuts(shortcuts);
  const sendingSinceMs = sending.outgoing?.error === null ? sending.outgoing.startedMs : null;
  return (
    <>
      <div className="mb-1.5">
        <StatusLine followed={followed} sendingSinceMs={sendingSinceMs} stopping={stopping} />
      </div>
      <Composer
        draft={draft}
        busy={busy}
        stopping={stopping}
        sending={sendingSinceMs !== null}
        maxChars={info.data?.limits.max_input_chars ?? null}
        onSend={onSend}
        onStop={stop}
      />
    </>
  );
}

function EditingNote({ onCancel }: { onCancel: () => void }) {
  return (
    <p className="mb-1.5 flex items-center justify-between gap-3 rounded-lg bg-accent-soft px-3 py-1 text-[0.8125rem] text-accent">
      Sending starts a new branch at this message. The old one is kept.
      <button type="button" onClick={onCancel} className="min-h-8 font-semibold underline">
        Cancel edit
      </button>
    </p>
  );
}

function LoadError({ error }: { error: Error }) {
  const { title, detail, code } = describeError(error);
  return (
    <div
      role="alert"
      className="mx-auto mt-8 max-w-lg rounded-xl border border-bad/40 bg-bad-soft p-4 text-sm"
    >
      <p className="font-semibold text-bad">{title}</p>
      <p className="mt-1">{detail}</p>
      <p className="mt-3 flex items-center gap-3">
        <Button size="small" icon="plus" onClick={() => openThread(null)}>
          New chat
        </Button>
        <span className="font-mono text-xs text-ink-2">{code}</span>
      </p>
    </div>
  );
}

function useDocumentTitle(title: string | undefined, busy: boolean): void {
  useEffect(() => {
    document.title = `${busy ? "● " : ""}${title ?? "Chat"} · Sentinel`;
  }, [title, busy]);
}
