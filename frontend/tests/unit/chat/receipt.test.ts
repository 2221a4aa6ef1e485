import { describe, expect, it } from "vitest";
import { attemptWords, detourReason } from "@/features/chat/stream/receipt";
import type { AttemptView } from "@/features/chat/stream/run-state";

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
