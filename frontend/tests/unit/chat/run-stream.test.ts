import { describe, expect, it } from "vitest";
import { followRun, SILENCE_MS, type Link } from "@/features/chat/stream/run-stream";
import type { RunEvent } from "@/types/events";
import { FakeLink, settle } from "@tests/support/fake-link";
import { fixtureEvents } from "@tests/support/fixtures";

const EVENTS = fixtureEvents("plain_answer");
const LAST = EVENTS.length;
const BACK_OFF_MAX_MS = 5_000;

function follow(link: FakeLink, afterSeq = 0) {
  const received: RunEvent[] = [];
  const links: Link[] = [];
  const abort = new AbortController();
  const finished = followRun(
    {
      url: "/api/runs/x/events",
      afterSeq,
      signal: abort.signal,
      onEvent: (event) => received.push(event),
      onLink: (state) => links.push(state),
    },
    link.around,
  );
  return { received, links, abort, finished, seqs: () => received.map(({ seq }) => seq) };
}

const upTo = (seq: number) => Array.from({ length: seq }, (_, index) => index + 1);

describe("following a run", () => {
  it("hands on every event and ends with the terminal one", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    link.at(0).send(...EVENTS);
    await run.finished;
    expect(run.received).toEqual(EVENTS);
    expect(run.links.at(-1)).toEqual({ kind: "ended" });
    expect(link.connections).toHaveLength(1);
  });

  it("begins after the event that it is told to have", async () => {
    const link = new FakeLink();
    follow(link, 4);
    await settle();
    expect(link.at(0).lastEventId).toBe("4");
  });

  it("stops at once when its reader goes away", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    run.abort.abort();
    await run.finished;
    expect(link.at(0).aborted).toBe(true);
  });
});

describe("a run that has ended", () => {
  it("is not asked for again by a reader that has all of it", async () => {
    const link = new FakeLink();
    link.answers.push(new Response(null, { status: 204 }));
    const run = follow(link, LAST);
    await run.finished;
    expect(run.links.at(-1)).toEqual({ kind: "ended" });
    expect(link.connections).toHaveLength(0);
  });
});

describe("a broken link", () => {
  it("is resumed after the last event, without loss and without repetition", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    link.at(0).send(...EVENTS.slice(0, 5));
    await settle();
    link.at(0).cut();
    await link.advance(1_000);
    expect(link.at(1).lastEventId).toBe("5");
    link.at(1).send(...EVENTS.slice(3));
    await run.finished;
    expect(run.seqs()).toEqual(upTo(LAST));
  });

  it("is resumed a second time from where the second connection broke", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    link.at(0).send(...EVENTS.slice(0, 3));
    await settle();
    link.at(0).cut();
    await link.advance(1_000);
    link.at(1).send(...EVENTS.slice(3, 6));
    await settle();
    link.at(1).end();
    await link.advance(1_000);
    expect(link.at(2).lastEventId).toBe("6");
    link.at(2).send(...EVENTS.slice(6));
    await run.finished;
    expect(run.seqs()).toEqual(upTo(LAST));
  });

  it("is tried again with growing pauses, up to a limit", async () => {
    const link = new FakeLink();
    link.answers.push(...Array.from({ length: 8 }, () => "unreachable" as const));
    const run = follow(link);
    await settle();
    await link.advance(27_000);
    const pauses: number[] = [];
    let tried = 0;
    for (const state of run.links) {
      if (state.kind !== "reconnecting") continue;
      pauses.push(state.retryAtMs - tried);
      tried = state.retryAtMs;
    }
    expect(pauses).toEqual([
      500,
      1_000,
      2_000,
      4_000,
      BACK_OFF_MAX_MS,
      BACK_OFF_MAX_MS,
      BACK_OFF_MAX_MS,
      BACK_OFF_MAX_MS,
    ]);
  });

  it("waits at least half of the pause, however the dice fall", async () => {
    const link = new FakeLink();
    link.random = 0;
    link.answers.push("unreachable");
    const run = follow(link);
    await settle();
    expect(run.links.at(-1)).toMatchObject({ kind: "reconnecting", retryAtMs: 250 });
  });

  it("starts with short pauses again once events have come", async () => {
    const link = new FakeLink();
    link.answers.push("unreachable", "unreachable", "unreachable");
    const run = follow(link);
    await settle();
    await link.advance(4_000);
    link.at(0).send(EVENTS[0]!);
    await settle();
    link.at(0).cut();
    await settle();
    expect(run.links.at(-1)).toMatchObject({ kind: "reconnecting", attempt: 1, retryAtMs: link.now + 500 });
  });

  it("is tried at once when the browser comes back online", async () => {
    const link = new FakeLink();
    link.online = false;
    link.answers.push("unreachable", "unreachable", "unreachable", "unreachable");
    const run = follow(link);
    await settle();
    await link.advance(4_000);
    expect(run.links.at(-1)).toMatchObject({ kind: "reconnecting", offline: true });
    await link.comeOnline();
    expect(link.connections).toHaveLength(1);
    expect(run.links.at(-1)).toEqual({ kind: "open" });
  });

  it("is taken for dead after a long silence, and heartbeats keep it alive", async () => {
    const link = new FakeLink();
    follow(link);
    await settle();
    await link.advance(SILENCE_MS - 1);
    link.at(0).write(": ping\n\n");
    await settle();
    await link.advance(SILENCE_MS - 1);
    expect(link.at(0).aborted).toBe(false);
    await link.advance(2);
    expect(link.at(0).aborted).toBe(true);
    await link.advance(1_000);
    expect(link.connections).toHaveLength(2);
  });

  it("is retried when a proxy answers instead of the server", async () => {
    const link = new FakeLink();
    link.answers.push(new Response("Bad gateway", { status: 502 }));
    follow(link);
    await settle();
    await link.advance(1_000);
    expect(link.connections).toHaveLength(1);
  });
});

describe("a gap in the events", () => {
  it("that a snapshot stands for is none", async () => {
    const pruned = fixtureEvents("pruned");
    const link = new FakeLink();
    const run = follow(link, 12);
    await settle();
    link.at(0).send(...pruned);
    await run.finished;
    expect(run.received).toEqual(pruned);
    expect(link.connections).toHaveLength(1);
  });

  it("is noticed and asked for again", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    link.at(0).send(EVENTS[0]!, EVENTS[1]!, EVENTS[4]!);
    await settle();
    expect(run.seqs()).toEqual([1, 2]);
    await link.advance(1_000);
    expect(link.at(1).lastEventId).toBe("2");
    link.at(1).send(...EVENTS.slice(2));
    await run.finished;
    expect(run.seqs()).toEqual(upTo(LAST));
  });

  it("that the log really has does not stop the reader for ever", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    for (let tries = 0; tries < 4; tries += 1) {
      link.at(tries).send(EVENTS[0]!, ...EVENTS.slice(3));
      await link.advance(20_000);
    }
    await run.finished;
    expect(run.seqs()).toEqual([1, ...upTo(LAST).slice(3)]);
  });
});

describe("a refusal", () => {
  it("is final and carries the server's explanation", async () => {
    const link = new FakeLink();
    const problem = {
      type: "about:blank",
      title: "No such run",
      status: 404,
      detail: "Gone.",
      code: "run_not_found",
    };
    link.answers.push(Response.json(problem, { status: 404 }));
    const run = follow(link);
    await run.finished;
    expect(run.links.at(-1)).toMatchObject({ kind: "refused", problem: { problem } });
  });
});

describe("what the stream may contain besides", () => {
  it("skips unknown event types, broken JSON and comments", async () => {
    const link = new FakeLink();
    const run = follow(link);
    await settle();
    link.at(0).write("retry: 2000\n\n: hello\n\nevent: novelty\ndata: {}\n\nevent: token\ndata: {broken\n\n");
    link.at(0).send(...EVENTS);
    await run.finished;
    expect(run.seqs()).toEqual(upTo(LAST));
  });
});
