import { describe, expect, it } from "vitest";
import { attemptWords, detourReason, toolRequests } from "@/features/chat/stream/receipt";
import { toolView, type AttemptView } from "@/features/chat/stream/run-state";
import type { ToolCall } from "@/types/wire";
import { toolCall } from "@tests/support/builders";

function attempt(changes: Partial<AttemptView>): AttemptView {
  return {
    provider: "acme",
    model: "large",
    class: "success",
    cause: null,
    skipped: false,
    ...changes,
  } as AttemptView;
}

describe("why an answer took a detour", () => {
  it("is not told of the usual way", () => {
    expect(detourReason({ attempts: [attempt({})], failoverOccurred: false, recovered: 0 })).toBeNull();
  });

  it("is the first failure, where somebody else took over", () => {
    const attempts = [
      attempt({ class: "failure", cause: "connection_refused" }),
      attempt({ provider: "other" }),
    ];
    expect(detourReason({ attempts, failoverOccurred: true, recovered: 1 })).toBe(
      "fallback because acme refused the connection",
    );
  });

  it("is never that one target was slower than another", () => {
    const attempts = [
      attempt({ class: "failure", cause: "stall" }),
      attempt({ provider: "other", class: "neutral", cause: "hedge_lost" }),
    ];
    expect(detourReason({ attempts: attempts.toReversed(), failoverOccurred: true, recovered: 0 })).toBe(
      "fallback because acme stopped in the middle of its answer",
    );
  });

  it("is the change of process, where the same target went on after one", () => {
    const attempts = [attempt({ class: "neutral", cause: "interrupted" }), attempt({})];
    expect(detourReason({ attempts, failoverOccurred: false, recovered: 1 })).toBe(
      "continued by another process",
    );
  });
});

describe("an attempt", () => {
  it("whose answer lacks garbled frames has answered with gaps", () => {
    expect(attemptWords(attempt({ skipped_frames: 0 }))).toMatchObject({ verdict: "answered", tone: "ok" });
    expect(attemptWords(attempt({ skipped_frames: 2 }))).toMatchObject({
      mark: "served",
      verdict: "answered, with gaps",
      tone: "warn",
    });
  });

  it("that our own end broke off is not marked as the target's failure", () => {
    const words = attemptWords(attempt({ class: "neutral", cause: "interrupted" }));
    expect(words).toEqual({
      mark: "stopped",
      verdict: "was interrupted: the process that worked on it ended",
      tone: "warn",
    });
  });

  it("that another one overtook is not marked as a failure", () => {
    const words = attemptWords(attempt({ class: "neutral", cause: "hedge_lost" }));
    expect(words).toMatchObject({ mark: "stopped", tone: "warn" });
    expect(words.verdict).toBe("was slower than the other target that was asked");
  });

  it("that failed is", () => {
    expect(attemptWords(attempt({ class: "failure", cause: "stall" })).mark).toBe("failed");
  });
});

describe("the requests for tools", () => {
  const second = (at: number) => `2026-11-20T09:00:0${at}.000Z`;
  const turn = (from: number, to: number, changes: Partial<AttemptView> = {}) =>
    attempt({ started_at: second(from), ended_at: second(to), hedge: false, ...changes });
  const call = (at: number, changes: Partial<ToolCall> = {}) =>
    toolView(toolCall({ started_at: second(at), ...changes }));

  it("are the answers that others follow, each with the tools that were called until then", () => {
    const tools = [
      call(1),
      call(1, { tool: "search", server: "knowledge", attempts: [] }),
      call(1),
      call(3, { capability: "look_up" }),
    ];
    expect(toolRequests([turn(0, 1), turn(2, 3), turn(4, 5)], tools)).toEqual([
      "asked for calculator/evaluate, knowledge/search",
      "asked for look_up",
      null,
    ]);
  });

  it("name the tool that was asked, not the one that stood in", () => {
    const tried = { cause: "circuit_open", executed: "no", duration_ms: 0 } as const;
    const attempts = [{ server: "calculator", tool: "evaluate", ...tried }];
    const tools = [call(1, { server: "backup", tool: "calc", attempts })];
    expect(toolRequests([turn(0, 1), turn(2, 3)], tools)[0]).toBe("asked for calculator/evaluate");
  });

  it("are known from the order alone where the calls are not", () => {
    expect(toolRequests([turn(0, 1), turn(2, 3, { class: "failure", cause: "stall" })], [])).toEqual([
      "asked for a tool",
      null,
    ]);
  });

  it("include the last one, if a call came after it", () => {
    expect(toolRequests([turn(0, 1)], [call(2)])).toEqual(["asked for calculator/evaluate"]);
  });

  it("are not taken from an answer whose hedge was slower", () => {
    const hedge = turn(1, 3, { hedge: true, class: "neutral", cause: "hedge_lost" });
    expect(toolRequests([turn(0, 3), hedge], [])).toEqual([null, null]);
  });
});
