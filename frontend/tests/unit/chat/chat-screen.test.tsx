import { act, screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ChatScreen } from "@/features/chat/components/chat-screen";
import { readStored } from "@/lib/storage";
import type { Message, RunRequest } from "@/types/wire";
import { info, message, provider, run, thread } from "@tests/support/builders";
import { fixtureEvents } from "@tests/support/fixtures";
import { show } from "@tests/support/render";
import { server } from "@tests/support/server";

vi.mock("next/navigation", () => ({ usePathname: () => "/", useSearchParams: () => new URLSearchParams() }));

const EVENTS = fixtureEvents("plain_answer");
const RUN_ID = EVENTS[0]!.run_id;
const TEXT = "A circuit breaker stops calls to a target that keeps failing.";

interface Posted {
  body: RunRequest;
  key: string | null;
}

/** A small backend: one thread, and what was posted to it. */
class Backend {
  messages: Message[] = [];
  activeRunId: string | null = null;
  readonly posted: Posted[] = [];
  /** What a post meets instead of being accepted, in order. */
  readonly refusals: (() => Response)[] = [];
  ended = true;

  install() {
    server.use(
      http.get("/api/info", () => HttpResponse.json(info())),
      http.get("/api/providers/status", () => HttpResponse.json({ "simulated-primary": provider() })),
      http.get("/api/threads/t1", () => HttpResponse.json(thread({ active_run_id: this.activeRunId }))),
      http.get("/api/threads/t1/messages", () => HttpResponse.json({ items: this.messages })),
      http.get(`/api/runs/${RUN_ID}/events`, () => this.stream()),
      http.post("/api/runs", async ({ request }) => {
        this.posted.push({
          body: (await request.json()) as RunRequest,
          key: request.headers.get("Idempotency-Key"),
        });
        return this.refusals.shift()?.() ?? this.accept();
      }),
    );
  }

  ask(text = "Hello?") {
    const parent = this.messages.at(-1)?.message_id ?? null;
    this.messages.push(message({ message_id: `q${this.messages.length}`, parent_message_id: parent, text }));
    this.activeRunId = RUN_ID;
  }

  answer() {
    const question = this.messages.at(-1)?.message_id ?? null;
    this.messages.push(
      message({
        message_id: "a1",
        parent_message_id: question,
        role: "assistant",
        text: TEXT,
        run_id: RUN_ID,
        run: run({ run_id: RUN_ID }),
      }),
    );
    this.activeRunId = null;
  }

  private accept() {
    this.ask(this.posted.at(-1)?.body.input);
    const accepted = {
      run_id: RUN_ID,
      thread_id: "t1",
      status: "queued",
      events_url: "",
      message_id: "a1",
      input_message_id: this.messages.at(-1)?.message_id,
    };
    return HttpResponse.json(accepted, { status: 202 });
  }

  private stream() {
    const events = this.ended ? EVENTS : EVENTS.slice(0, 6);
    if (this.ended) this.answer();
    const frames = events.map(
      ({ type, ...data }) => `id: ${data.seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`,
    );
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(frames.join("")));
        if (this.ended) controller.close();
      },
    });
    return new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

const problem = (status: number, code: string, title: string) =>
  HttpResponse.json({ type: "about:blank", title, status, detail: `${title} in detail.`, code }, { status });

let backend: Backend;

beforeEach(() => {
  backend = new Backend();
  backend.install();
});

const open = (threadId: string | null = "t1") =>
  show(<ChatScreen threadId={threadId} routeMap={<p>the route</p>} />);
const box = () => screen.getByRole("textbox", { name: "Message" });

describe("asking", () => {
  it("shows the question at once and then the answer with its chip", async () => {
    const { user } = open();
    await user.type(box(), "Hello?{Enter}");
    expect(screen.getByText("Hello?")).toBeVisible();
    expect(await screen.findByText(TEXT)).toBeVisible();
    expect(await screen.findByTestId("answer-chip")).toBeVisible();
    expect(backend.posted).toHaveLength(1);
    expect(backend.posted[0]?.body).toEqual({ input: "Hello?", thread_id: "t1" });
    expect(box()).toHaveValue("");
    expect(readStored("session", "draft.t1")).toBeNull();
  });

  it("moves a new conversation into the address", async () => {
    const { user } = open(null);
    expect(screen.getByText("the route")).toBeVisible();
    await user.type(box(), "Hello?{Enter}");
    await waitFor(() => expect(window.location.search).toBe("?thread=t1"));
    expect(backend.posted[0]?.body).toEqual({ input: "Hello?" });
  });

  it("fills the box from a suggestion without sending it", async () => {
    const { user } = open(null);
    await user.click(screen.getByRole("button", { name: /What is Sentinel/ }));
    expect(box()).toHaveValue("What is Sentinel, and what does it do when my model provider dies?");
    expect(box()).toHaveFocus();
    expect(backend.posted).toEqual([]);
  });
});

describe("a message that is not delivered", () => {
  it("stays with the server's reason, keeps the draft, and is sent again only by hand and with the same key", async () => {
    backend.refusals.push(() => problem(503, "store_unavailable", "No database"));
    const { user } = open();
    await user.type(box(), "Precious words{Enter}");
    const alert = await screen.findByRole("alert", { name: "Message not delivered" });
    expect(alert).toHaveTextContent("No database in detail.");
    expect(alert).toHaveTextContent("store_unavailable");
    expect(screen.getByText("Precious words")).toBeVisible();
    expect(readStored("session", "draft.t1")).toBe("Precious words");
    expect(backend.posted).toHaveLength(1);

    await user.click(screen.getByRole("button", { name: "Retry" }));
    expect(await screen.findByText(TEXT)).toBeVisible();
    expect(backend.posted).toHaveLength(2);
    expect(backend.posted[1]?.key).toBe(backend.posted[0]?.key);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says that the server is out of reach when nothing came back", async () => {
    backend.refusals.push(() => HttpResponse.error());
    const { user } = open();
    await user.type(box(), "Hello?{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("The server cannot be reached");
  });

  it("can be taken back into the box", async () => {
    backend.refusals.push(() => problem(422, "invalid_request", "No"));
    const { user } = open();
    await user.type(box(), "Hello?{Enter}");
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    expect(box()).toHaveValue("Hello?");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("shows the run that made the thread busy", async () => {
    backend.refusals.push(() => {
      backend.ask("From another tab");
      return problem(409, "thread_busy", "Busy");
    });
    const { user } = open();
    await user.type(box(), "Mine{Enter}");
    expect(await screen.findByText("From another tab")).toBeVisible();
    expect(await screen.findByText(TEXT)).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("Busy");
  });
});

describe("a history that cannot be read when the answer ends", () => {
  it("is asked again until it has the answer, which stays on the screen meanwhile", async () => {
    const { user } = open();
    let reads = 0;
    await waitFor(() => expect(screen.queryByText(/Loading/)).toBeNull());
    server.use(
      http.get("/api/threads/t1/messages", () => {
        reads += 1;
        return reads < 3 ? HttpResponse.error() : HttpResponse.json({ items: backend.messages });
      }),
    );
    await user.type(box(), "Hello?{Enter}");
    expect(await screen.findByText(TEXT)).toBeVisible();
    await waitFor(() => expect(reads).toBe(3), { timeout: 8_000 });
    expect(screen.getAllByTestId("answer")).toHaveLength(1);
    expect(screen.getByTestId("answer")).toHaveTextContent("total 2.1 s");
  }, 10_000);
});

describe("a reload in mid-answer", () => {
  it("follows the active run from its first event and offers to stop it", async () => {
    backend.ended = false;
    backend.ask();
    let cancelled = 0;
    server.use(
      http.post(`/api/runs/${RUN_ID}/cancel`, () => {
        cancelled += 1;
        return HttpResponse.json(run({ run_id: RUN_ID, status: "running" }), { status: 202 });
      }),
    );
    const { user } = open();
    expect(await screen.findByText("A circuit breaker stops calls")).toBeVisible();
    expect(screen.getByRole("status", { name: "Answer status" })).toHaveTextContent(
      "simulated-primary is answering",
    );
    await user.click(screen.getByRole("button", { name: "Stop" }));
    await waitFor(() => expect(cancelled).toBe(1));
    expect(screen.getByRole("button", { name: "Stopping…" })).toBeDisabled();
    expect(screen.getByTestId("answer")).toHaveAttribute("aria-busy", "true");
  });

  it("says so when the stop does not reach the server", async () => {
    backend.ended = false;
    backend.ask();
    server.use(http.post(`/api/runs/${RUN_ID}/cancel`, () => HttpResponse.error()));
    const { user } = open();
    await screen.findByText("A circuit breaker stops calls");
    await user.click(screen.getByRole("button", { name: "Stop" }));
    expect(await screen.findByText(/The server could not be told to stop/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Stop" })).toBeEnabled();
  });
});

describe("asking again", () => {
  it("posts the same question as a new branch", async () => {
    backend.ask();
    backend.answer();
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Ask again" }));
    await waitFor(() => expect(backend.posted).toHaveLength(1));
    expect(backend.posted[0]?.body).toEqual({ input: "Hello?", thread_id: "t1", parent_message_id: null });
  });

  it("posts an edited question as a new branch", async () => {
    backend.ask();
    backend.answer();
    const { user } = open();
    await screen.findByText(TEXT);
    await user.click(screen.getByRole("button", { name: "Edit message" }));
    expect(screen.getByText(/starts a new branch/)).toBeVisible();
    await user.type(box(), " Again{Enter}");
    await waitFor(() => expect(backend.posted).toHaveLength(1));
    expect(backend.posted[0]?.body).toMatchObject({ input: "Hello? Again", parent_message_id: null });
  });

  it("keeps the earlier versions within reach", async () => {
    backend.messages = [
      message({ message_id: "q1", text: "First version" }),
      message({ message_id: "q2", text: "Second version" }),
    ];
    const { user } = open();
    expect(await screen.findByText("Second version")).toBeVisible();
    expect(screen.getByText("2 / 2")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Previous version" }));
    expect(screen.getByText("First version")).toBeVisible();
    expect(screen.queryByText("Second version")).toBeNull();
  });
});

describe("an unknown conversation", () => {
  it("says so and offers a new one", async () => {
    server.use(
      http.get("/api/threads/gone", () => problem(404, "thread_not_found", "No such thread")),
      http.get("/api/threads/gone/messages", () => problem(404, "thread_not_found", "No such thread")),
    );
    const { user } = open("gone");
    expect(await screen.findByRole("alert")).toHaveTextContent("No such thread in detail.");
    await user.click(screen.getByRole("button", { name: "New chat" }));
    act(() => undefined);
    expect(window.location.search).toBe("");
  });
});
