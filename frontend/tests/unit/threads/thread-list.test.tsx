import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ThreadList } from "@/features/threads/components/thread-list";
import { groupByDay } from "@/lib/group-by-day";
import type { Thread } from "@/types/wire";
import { thread } from "@tests/support/builders";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

vi.mock("next/navigation", () => ({ usePathname: () => "/", useSearchParams: () => new URLSearchParams() }));

let threads: Thread[];

beforeEach(() => {
  threads = [
    thread({ thread_id: "t1", title: "Breakers", updated_at: new Date().toISOString() }),
    thread({ thread_id: "t2", title: "Streams", updated_at: new Date().toISOString(), active_run_id: "r1" }),
  ];
  server.use(
    http.get("/api/threads", ({ request }) => {
      const query = new URL(request.url).searchParams.get("query") ?? "";
      const items = threads.filter(({ title }) => title.toLowerCase().includes(query));
      return HttpResponse.json({ items, next_cursor: null });
    }),
    http.patch("/api/threads/:id", async ({ params, request }) => {
      const found = threads.find(({ thread_id }) => thread_id === params.id);
      return HttpResponse.json(Object.assign(found!, await request.json()));
    }),
    http.delete("/api/threads/:id", ({ params }) => {
      threads = threads.filter(({ thread_id }) => thread_id !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

const open = (currentId: string | null = null) =>
  show(<ThreadList currentId={currentId} searchId="search" />);

describe("the list of conversations", () => {
  it("files them under their day and marks the open one and the one that is answering", async () => {
    open("t1");
    expect(await screen.findByRole("heading", { name: "Today" })).toBeVisible();
    expect(screen.getByRole("link", { name: "Breakers" })).toHaveAttribute("aria-current", "page");
    expect(screen.getByRole("link", { name: /An answer is being written.*Streams/ })).toBeVisible();
  });

  it("opens one through the address", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("link", { name: "Breakers" }));
    expect(window.location.search).toBe("?thread=t1");
  });

  it("searches on the server", async () => {
    const { user } = open();
    await screen.findByRole("link", { name: "Breakers" });
    await user.type(screen.getByRole("searchbox", { name: "Search conversations" }), "stream");
    await waitFor(() => expect(screen.queryByRole("link", { name: "Breakers" })).toBeNull());
    await user.type(screen.getByRole("searchbox"), "xyz");
    expect(await screen.findByText("Nothing matches “streamxyz”.")).toBeVisible();
  });

  it("says how to begin when it is empty", async () => {
    threads = [];
    open();
    expect(await screen.findByText("No conversations yet. Ask something to start one.")).toBeVisible();
  });

  it("renames in place with Enter, and leaves things alone with Escape", async () => {
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Actions for Breakers" }));
    await user.click(screen.getByRole("menuitem", { name: "Rename" }));
    expect(screen.getByRole("textbox", { name: "Conversation title" })).toHaveFocus();
    await user.keyboard("New name{Enter}");
    expect(await screen.findByRole("link", { name: "New name" })).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Actions for New name" }));
    await user.keyboard("{Enter}");
    await user.keyboard("Other{Escape}");
    expect(screen.getByRole("link", { name: "New name" })).toBeVisible();
    expect(threads[0]?.title).toBe("New name");
  });

  it("asks before it deletes, and leaves a deleted conversation", async () => {
    window.history.replaceState(null, "", "/?thread=t1");
    const { user } = open("t1");
    await user.click(await screen.findByRole("button", { name: "Actions for Breakers" }));
    await user.click(screen.getByRole("menuitem", { name: "Delete" }));
    expect(threads).toHaveLength(2);
    expect(screen.getByRole("dialog")).toHaveTextContent(
      "“Breakers” and its answers will be deleted permanently.",
    );
    await user.click(screen.getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(screen.queryByRole("link", { name: "Breakers" })).toBeNull());
    expect(window.location.search).toBe("");
  });

  it("says why a deletion failed, and keeps the conversation", async () => {
    server.use(http.delete("/api/threads/:id", () => HttpResponse.error()));
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Actions for Breakers" }));
    await user.click(screen.getByRole("menuitem", { name: "Delete" }));
    await user.click(screen.getByRole("button", { name: "Delete" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Not deleted: The server cannot be reached");
    expect(screen.getByRole("link", { name: "Breakers" })).toBeInTheDocument();
  });
});

describe("the menu of a conversation", () => {
  it("is walked with the arrow keys and closed with Escape", async () => {
    const { user } = open();
    const button = await screen.findByRole("button", { name: "Actions for Breakers" });
    await user.click(button);
    expect(screen.getByRole("menuitem", { name: "Rename" })).toHaveFocus();
    await user.keyboard("{ArrowUp}");
    expect(screen.getByRole("menuitem", { name: "Delete" })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(button).toHaveFocus();
  });
});

describe("grouping by day", () => {
  const now = new Date("2026-11-20T12:00:00");
  const at = (day: string) =>
    thread({ thread_id: day, updated_at: new Date(`${day}T11:00:00`).toISOString() });

  it("names today, yesterday, the weekdays of the last week, and dates before that", () => {
    const days = ["2026-11-20", "2026-11-19", "2026-11-16", "2026-11-01", "2025-12-31"];
    expect(
      groupByDay(days.map(at), ({ updated_at }) => updated_at, now).map(({ heading }) => heading),
    ).toEqual(["Today", "Yesterday", "Monday", "November 1", "December 31, 2025"]);
  });
});
