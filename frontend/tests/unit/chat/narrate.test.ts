import { describe, expect, it } from "vitest";
import { narrate } from "@/features/chat/stream/narrate";
import type { FollowedRun } from "@/features/chat/stream/run-follower";
import type { RunState } from "@/features/chat/stream/run-state";
import { fixtureEvents, replay, replayUntil } from "@tests/support/fixtures";

const START = Date.parse("2026-11-20T09:00:00.000Z");

function following(state: RunState, changes: Partial<FollowedRun> = {}): FollowedRun {
  return { state, link: { kind: "open" }, lastAliveMs: START, skewMs: 0, ...changes };
}

function words(name: string, mark: string): string {
  return narrate(following(replayUntil(name, mark)), false, START).words;
}

describe("the status line", () => {
  it.each([
    ["failover_before_first_token", "queued", "Queued: waiting for a free worker"],
    ["failover_before_first_token", "started", "Choosing a target"],
    ["failover_before_first_token", "attempt_started", "Asking simulated-primary"],
    ["failover_before_first_token", "attempt_failed", "simulated-primary refused the connection"],
    ["failover_before_first_token", "breaker_opened", "The circuit of simulated-primary is now open"],
    [
      "failover_before_first_token",
      "failover",
      "simulated-primary refused the connection: switching to simulated-fallback",
    ],
    ["failover_before_first_token", "token", "simulated-fallback is answering"],
    [
      "failover_before_first_token",
      "completion",
      "Answered by simulated-fallback in 110 ms, after a failover",
    ],
    [
      "kill_switch_skip",
      "failover",
      "simulated-primary is switched off by its kill switch: switching to simulated-fallback",
    ],
    [
      "tool_fallback",
      "tool_fallback",
      "calculator/evaluate is paused: its circuit is open; asking calculator_backup/calc instead",
    ],
    ["hedged", "attempt_failed", "Asking simulated-fallback (attempt 2)"],
    ["hedged", "token", "simulated-fallback is answering"],
    ["hedged", "completion", "Answered by simulated-fallback in 1.9 s"],
    ["tool_call", "tool_started", "Using the tool evaluate of calculator"],
    ["tool_call", "tool_finished", "The tool evaluate is done; back to the model"],
    ["restarted", "restarted", "Restarting this answer from the beginning"],
    [
      "recovered_after_crash",
      "recovered",
      "Another process continues it: the one that was writing it stopped",
    ],
    ["unknown_phase", "consulting_oracle", "Consulting oracle"],
    [
      "unknown_phase",
      "draining",
      "The process that is writing this is stopping; the answer is kept and will continue",
    ],
    ["cancelled", "completion", "Stopped. The text so far is kept"],
    ["all_failed", "error", "Failed: No provider could answer"],
  ])("says of %s at %s: %s", (name, mark, expected) => {
    expect(words(name, mark)).toBe(expected);
  });

  it("counts from when the server says that it began, by the browser's clock", () => {
    const state = replayUntil("plain_answer", "attempt_started");
    expect(narrate(following(state, { skewMs: 5_000 }), false, START).sinceMs).toBe(START + 6 - 5_000);
  });

  it("notices a pause in mid-answer and blames nobody for it", () => {
    const followed = following(replayUntil("plain_answer", "token"));
    expect(narrate(followed, false, START + 5_000).words).toBe("simulated-primary is answering");
    expect(narrate(followed, false, START + 10_000)).toMatchObject({
      words: "No new words for a while; waiting for more",
      sinceMs: Date.parse(followed.state.lastTokenAt!),
    });
  });

  it("tells a lost link from an offline browser", () => {
    const state = replayUntil("plain_answer", "token");
    const lost = (offline: boolean) =>
      narrate(
        following(state, { link: { kind: "reconnecting", attempt: 1, retryAtMs: 0, offline } }),
        false,
        START,
      ).words;
    expect(lost(false)).toMatch(/^Connection lost/);
    expect(lost(true)).toMatch(/^You are offline/);
  });

  it("waits for the server's word when asked to stop", () => {
    const followed = following(replayUntil("plain_answer", "token"));
    expect(narrate(followed, true, START).words).toBe("Stopping: waiting for the server to confirm");
  });

  it("has no clock and is not live once the run has ended", () => {
    const ended = narrate(following(replay(fixtureEvents("plain_answer"))), true, START);
    expect(ended).toMatchObject({
      words: "Answered by simulated-primary in 229 ms",
      sinceMs: null,
      live: false,
    });
  });
});
