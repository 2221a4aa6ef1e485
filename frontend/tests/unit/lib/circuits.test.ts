import { describe, expect, it } from "vitest";
import { openedWords, ruleWords } from "@/lib/words/circuits";
import { breaker } from "@tests/support/builders";

const opened = (rule: string | null, reason: string | null = null) =>
  openedWords(breaker({ state: "open", rule, reason }));

describe("why a circuit is open", () => {
  it.each([
    ["manual", null, "Opened by an operator."],
    ["manual", "demo", "Opened by an operator: “demo”."],
    ["A", null, "Too many of the recent calls failed."],
    ["B", "connection_refused", "Too many calls failed in a row; most recently it refused the connection."],
    ["C", null, "Nearly all calls were slow."],
    ["probe", "stall", "A trial call failed; most recently it stopped in the middle of its answer."],
    ["expired", null, "The trial calls came to no result in time."],
    [
      "shared",
      "found by 2 of 4 processes: first_token_timeout",
      "2 of 4 server processes found it failing; most recently it did not send its first word in time.",
    ],
    ["shared", "found by 2 of 3 processes", "2 of 3 server processes found it failing."],
    ["shared", "heard of it", "Other server processes found it failing: heard of it."],
    ["shared", null, "Other server processes found it failing."],
    ["tides", "high water", "Rule “tides”: high water."],
  ])("is said in words: %s, %s", (rule, reason, words) => {
    expect(opened(rule, reason)).toBe(words);
  });

  it("is said of a tool in the words for tools", () => {
    const key = "tool:calculator/evaluate";
    expect(openedWords(breaker({ key, state: "open", rule: "B", reason: "tool_error" }))).toBe(
      "Too many calls failed in a row; most recently it reported a failure.",
    );
  });

  it("is not said where nothing is known, or the circuit has closed since", () => {
    expect(opened(null)).toBeNull();
    expect(openedWords(breaker({ rule: "manual" }))).toBeNull();
  });

  it("is left to the words about the override that holds it open", () => {
    const override = {
      kind: "forced_open",
      actor: "ada",
      reason: "drill",
      expires_at: "2026-11-20T09:05:00Z",
    } as const;
    expect(openedWords(breaker({ state: "open", rule: "manual", reason: "drill", override }))).toBeNull();
  });
});

describe("a rule", () => {
  it("stands in an incident's facts in words, with the letter by which metrics call it", () => {
    expect(ruleWords("A")).toBe("too many of the recent calls failed (A)");
    expect(ruleWords("manual")).toBe("an operator's act");
    expect(ruleWords("tides")).toBe("tides");
  });
});
