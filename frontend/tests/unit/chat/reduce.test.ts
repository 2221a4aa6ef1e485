import { describe, expect, it } from "vitest";
import { reduce } from "@/features/chat/stream/reduce";
import { initialRunState } from "@/features/chat/stream/run-state";
import type { StatusEvent } from "@/types/events";
import { fixtureEvents, fixtureNames, replay, replayUntil } from "@tests/support/fixtures";

describe("replaying any recorded log", () => {
  it.each(fixtureNames)("%s: a replay after a broken link gives the same state as one pass", (name) => {
    const events = fixtureEvents(name);
    const whole = replay(events);
    for (let cut = 1; cut < events.length; cut += 1) {
      const twice = replay(events, replay(events.slice(0, cut)));
      expect(twice).toEqual(whole);
    }
  });

  it.each(fixtureNames)("%s: a repeated event changes nothing at all", (name) => {
    const events = fixtureEvents(name);
    const state = replay(events);
    for (const event of events) expect(reduce(state, event)).toBe(state);
  });
});

describe("a plain answer", () => {
  it("collects its text and its figures", () => {
    const state = replay(fixtureEvents("plain_answer"));
    expect(state).toMatchObject({
      status: "completed",
      text: "A circuit breaker stops calls to a target that keeps failing.",
      provider: "simulated-primary",
      model: "sim-large",
      ttftMs: 124,
      failoverOccurred: false,
      lastSeq: 9,
    });
  });

  it("is shown as answering from its first token on", () => {
    const state = replayUntil("plain_answer", "token");
    expect(state.doing).toMatchObject({ kind: "answering", provider: "simulated-primary" });
    expect(state.status).toBe("running");
  });
});

describe("a log of which only the end is kept", () => {
  const [snapshot, end] = fixtureEvents("pruned");
  const text = "What was said long ago is still here, to the letter.";

  it("is shown whole", () => {
    const state = replay(fixtureEvents("pruned"));
    expect(state).toMatchObject({
      status: "completed",
      text,
      recovered: 1,
      lastSeq: 58,
      doing: { kind: "ended" },
    });
    expect(state.attempts).toHaveLength(2);
  });

  it("takes the place of what a reader had seen before it was away", () => {
    const { run_id } = snapshot!;
    const seen = { ...initialRunState(run_id), lastSeq: 20, text: "What was sai" };
    expect(reduce(seen, snapshot!)).toMatchObject({
      text,
      messageId: "01942b6e-0000-7000-9000-00000000000d",
    });
    expect(reduce(reduce(seen, snapshot!), end!)).toMatchObject({ status: "completed", text });
  });
});

describe("a failover", () => {
  it("closes the failed attempt with its cause and opens the next", () => {
    const state = replayUntil("failover_before_first_token", "token");
    expect(state.attempts).toMatchObject([
      { provider: "simulated-primary", class: "failure", cause: "connection_refused", duration_ms: 12 },
      { provider: "simulated-fallback", class: null },
    ]);
    expect(state.failoverOccurred).toBe(true);
  });

  it("says where it goes", () => {
    const state = replayUntil("failover_before_first_token", "failover");
    expect(state.doing).toMatchObject({ kind: "switching", next: "simulated-fallback/sim-small" });
  });

  it("is none where two are asked and the second is faster", () => {
    const asked = replayUntil("hedged", "attempt_failed");
    expect(asked.provider).toBe("simulated-fallback");
    expect(asked.attempts).toMatchObject([
      { provider: "simulated-primary", class: "neutral", cause: "hedge_lost", hedge: false },
      { provider: "simulated-fallback", class: null, hedge: true },
    ]);
    expect(replay(fixtureEvents("hedged"))).toMatchObject({ failoverOccurred: false, degraded: false });
  });

  it("counts a target that was never called as skipped", () => {
    const state = replayUntil("kill_switch_skip", "token");
    expect(state.attempts).toMatchObject([
      { provider: "simulated-primary", skipped: true, class: "neutral", cause: "kill_switch" },
      { provider: "simulated-fallback", skipped: false, class: null },
    ]);
  });

  it("replaces what was pieced together by the server's own ledger at the end", () => {
    const events = fixtureEvents("failover_before_first_token");
    const last = events.at(-1);
    expect(last?.type === "completion" && replay(events).attempts).toEqual(
      last?.type === "completion" && last.attempts,
    );
  });
});

describe("the cost of an answer", () => {
  it("is what the server said", () => {
    expect(replay(fixtureEvents("failover_before_first_token")).costUsd).toBe(0.000_004_8);
    expect(replay(fixtureEvents("plain_answer")).costUsd).toBeNull();
  });

  it("is unknown where an earlier version kept the log", () => {
    const events = fixtureEvents("all_failed").map(({ ...event }) => {
      if (event.type === "error") delete event.cost_usd;
      return event;
    });
    expect(replay(events).costUsd).toBeNull();
  });
});

describe("a restart of the text", () => {
  it("drops exactly the tokens from the given number on", () => {
    expect(replayUntil("restarted", "restarted").text).toBe("");
    expect(replay(fixtureEvents("restarted")).text).toBe("A fresh answer from the start.");
  });

  it("keeps the tokens before that number", () => {
    const events = fixtureEvents("restarted").map((event) =>
      event.type === "status" && event.phase === "restarted"
        ? { ...event, discard_from_seq: (event.discard_from_seq ?? 0) + 1 }
        : event,
    );
    const at = events.findIndex((event) => event.type === "status" && event.phase === "restarted");
    expect(replay(events.slice(0, at + 1)).text).toBe("This beginning ");
  });
});

const CALL = { run_id: "r", at: "2026-11-20T09:00:00Z", type: "status", tool_call_id: "c1" } as const;
const FALLBACK: StatusEvent[] = [
  { ...CALL, seq: 1, phase: "tool_started", server: "a", tool: "x", arguments: {}, effect: "read_only" },
  { ...CALL, seq: 2, phase: "tool_fallback", server: "a", tool: "x", cause: "connect", next: "b/y/z" },
  {
    ...CALL,
    seq: 3,
    phase: "tool_finished",
    server: "b",
    tool: "y/z",
    result: "42",
    executed: "yes",
    attempts: [
      { server: "a", tool: "x", cause: "connect", executed: "no", duration_ms: 1 },
      { server: "b", tool: "y/z", cause: null, executed: "yes", duration_ms: 2 },
    ],
  },
];

describe("a tool call", () => {
  it("runs, then is finished with its result", () => {
    expect(replayUntil("tool_call", "tool_started").tools).toMatchObject([
      { tool: "evaluate", state: "running", arguments: { expression: "17 * 23" } },
    ]);
    expect(replay(fixtureEvents("tool_call")).tools).toMatchObject([{ state: "finished", result: "391" }]);
  });

  it("is handed on to an equivalent tool, and keeps who was asked before", () => {
    const handed = FALLBACK.slice(0, 2).reduce(reduce, initialRunState("r"));
    expect(handed.doing).toMatchObject({ kind: "tool_fallback", failed: "a/x", next: "b/y/z" });
    expect(handed.tools).toMatchObject([
      {
        server: "b",
        tool: "y/z",
        state: "running",
        attempts: [{ server: "a", tool: "x", cause: "connect" }],
      },
    ]);
    const ended = FALLBACK.reduce(reduce, initialRunState("r"));
    expect(ended.tools).toMatchObject([
      {
        state: "finished",
        result: "42",
        effect: "read_only",
        attempts: [{ executed: "no" }, { executed: "yes" }],
      },
    ]);
  });

  it("shows its failure with its cause", () => {
    expect(replayUntil("tool_failed", "tool_failed").tools).toMatchObject([
      { state: "failed", cause: "timeout" },
    ]);
  });
});

describe("an ending", () => {
  it("keeps the text of a stopped run", () => {
    expect(replay(fixtureEvents("cancelled"))).toMatchObject({
      status: "cancelled",
      text: "One, two, three, ",
    });
  });

  it("lists every attempt of a run that nobody could answer", () => {
    const state = replay(fixtureEvents("all_failed"));
    expect(state.status).toBe("failed");
    expect(state.error).toMatchObject({ code: "all_providers_failed", status: 502 });
    expect(state.attempts.map(({ cause }) => cause)).toEqual(["connection_refused", "server_error"]);
  });

  it("keeps what was written before a failure", () => {
    expect(replay(fixtureEvents("failed_midstream")).text).toBe("The first half of a sentence");
  });
});

describe("a recovery after a crash", () => {
  it("ends the attempt that died with the first process and starts the text again", () => {
    const state = replayUntil("recovered_after_crash", "restarted");
    expect(state.recovered).toBe(1);
    expect(state.text).toBe("");
    expect(state.attempts).toMatchObject([{ class: "neutral", cause: "interrupted" }]);
  });
});

describe("what the console does not know", () => {
  it("is kept as it was named", () => {
    expect(replayUntil("unknown_phase", "consulting_oracle").doing).toMatchObject({
      kind: "other",
      phase: "consulting_oracle",
    });
  });

  it("never reaches into the object prototype", () => {
    const event: StatusEvent = {
      type: "status",
      phase: "constructor",
      run_id: "r",
      seq: 1,
      at: "2026-01-01T00:00:00Z",
    };
    expect(reduce(initialRunState("r"), event).doing).toMatchObject({ kind: "other", phase: "constructor" });
  });

  it("ignores the events of another run", () => {
    const state = initialRunState("someone else");
    expect(replay(fixtureEvents("plain_answer"), state)).toBe(state);
  });
});

describe("a heartbeat", () => {
  it("changes only the number of the last event", () => {
    const before = replayUntil("unknown_phase", "draining");
    const heartbeat = fixtureEvents("unknown_phase")[before.lastSeq];
    expect(reduce(before, heartbeat!)).toEqual({ ...before, lastSeq: before.lastSeq + 1 });
  });
});
