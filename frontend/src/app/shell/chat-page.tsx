"use client";
import { Fragment, useRef } from "react";
import { KeptFocus } from "@/app/shell/kept-focus";
import { ChatScreen } from "@/features/chat/components/chat-screen";
import { RouteMap } from "@/features/status/components/route-map";
import { useThreadId } from "@/lib/thread-route";

/** The chat of the thread in the address; another thread is another screen. */
export function ChatPage() {
  const threadId = useThreadId();
  const writingRef = useRef<boolean | null>(null);
  return (
    <>
      <h1 className="sr-only">Chat</h1>
      <Fragment key={threadId ?? "new"}>
        <KeptFocus writingRef={writingRef} isNew={threadId === null} />
        <ChatScreen threadId={threadId} routeMap={<RouteMap />} />
      </Fragment>
    </>
  );
}
