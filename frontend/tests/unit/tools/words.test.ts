import { describe, expect, it } from "vitest";
import { selectionHref } from "@/features/tools/hooks/use-selection";
import {
  barredWords,
  changeKind,
  changeTitle,
  memberWords,
  rateWords,
  serverFacts,
  serverWording,
  shortened,
  signature,
  summary,
  toolWording,
} from "@/features/tools/words";
import { callWords, passedOver, toolName } from "@/lib/words/tools";
import { breaker, member, tool, toolCall, toolServer } from "@tests/support/builders";

describe("a server", () => {
  it("is what an operator has to know first", () => {
    const word = (changes: Parameters<typeof toolServer>[0]) => serverWording(toolServer(changes)).word;
    expect(word({})).toBe("ready");
    expect(word({ state: "connecting" })).toBe("connecting");
    expect(word({ state: "down" })).toBe("down");
    expect(word({ state: "down", last_cause: "hung" })).toBe("hung");
    expect(word({ state: "down", is_refused: true })).toBe("key refused");
  });

  it("tells only facts that are known", () => {
    const known = serverFacts(toolServer({ restarts: 2 }), new Date("2026-11-20T12:00:00Z"));
    expect(known.slice(0, -1)).toEqual([
      "stdio",
      "python",
      "MCP 2026-07-28 (modern)",
      "pid 42",
      "trusted",
      "2 restarts",
    ]);
    expect(known.at(-1)).toMatch(/^ready since /);
    const down = { state: "down", pid: null, protocol_version: null, era: null, trusted: false } as const;
    expect(serverFacts(toolServer(down), new Date())).toEqual(["stdio", "python", "not trusted"]);
  });
});

describe("a tool", () => {
  it("is called by what the next call would meet", () => {
    const words = [
      tool(),
      tool({ obstacle: "quarantined" }),
      tool({ obstacle: "kill_switch" }),
      tool({ obstacle: "circuit_open", circuit: breaker({ state: "open" }) }),
      tool({ circuit: breaker({ state: "half_open" }) }),
      tool({ obstacle: "connect" }),
      tool({ obstacle: "something_new" }),
    ].map((each) => toolWording(each).word);
    expect(words).toEqual([
      "ready",
      "waiting for approval",
      "switched off",
      "circuit open",
      "on trial",
      "server not available",
      "something new",
    ]);
  });

  it("says what keeps calls from it, whatever its circuit would do", () => {
    const words = [
      tool(),
      tool({ obstacle: "circuit_open", circuit: breaker({ state: "open" }) }),
      tool({ obstacle: "kill_switch", kill_switch: true }),
      tool({ obstacle: "quarantined", kill_switch: true }),
      tool({ obstacle: "connect" }),
      tool({ obstacle: "cooldown" }),
    ].map(barredWords);
    expect(words).toEqual([
      null,
      null,
      "The kill switch refuses all calls, whatever the state of the circuit.",
      "The kill switch refuses all calls, whatever the state of the circuit.",
      "No calls are made now, whatever the state of the circuit: its server is not available.",
      "No calls are made now, whatever the state of the circuit: the tool asked for a pause that is not over yet.",
    ]);
  });

  it("is written as one would call it", () => {
    const given = [
      { name: "expression", type: "string", is_required: true },
      { name: "digits", type: null, is_required: false },
    ];
    expect(signature(tool({ arguments: given }))).toBe("evaluate(expression: string, digits?)");
  });

  it("of many is listed if it is among the first, chosen, or touched", () => {
    const many = Array.from({ length: 12 }, (_, place) => tool({ tool: `t${place}` }));
    many[9] = tool({ tool: "t9", is_quarantined: true });
    const names = (chosen: string | null) => shortened(many, chosen).map((each) => each.tool);
    expect(names(null)).toEqual(["t0", "t1", "t2", "t3", "t4", "t5", "t9"]);
    expect(names("t11")).toContain("t11");
    expect(shortened(many.slice(0, 8), null)).toHaveLength(8);
  });

  it("has a rate only when it was called", () => {
    expect([null, 100, 66.666, 0].map(rateWords)).toEqual(["–", "100%", "66.7%", "0.0%"]);
  });
});

describe("a change", () => {
  it("is found by a person", () => {
    expect(changeTitle("description")).toBe("Description");
    expect(changeTitle("input_schema/properties/path/type")).toBe("Arguments › path › type");
    expect(changeTitle("other/x")).toBe("Other › x");
  });

  it("is an addition, a removal, or both", () => {
    const kind = (before: string | null, after: string | null) => changeKind({ what: "x", before, after });
    expect([kind(null, "a"), kind("a", null), kind("a", "b")]).toEqual(["added", "removed", "changed"]);
  });
});

describe("a member of a capability", () => {
  it("answers, stands by, or says why not", () => {
    expect(memberWords(member({ answers: true }), true).word).toBe("answers now");
    expect(memberWords(member(), true).word).toBe("stands by");
    expect(memberWords(member(), false).word).toBe("not asked");
    expect(memberWords(member({ obstacle: "circuit_open" }), true).word).toBe(
      "is paused: its circuit is open",
    );
    const problem = "the tool has no argument 'x'";
    expect(memberWords(member({ problem }), true).word).toBe("left out: the tool has no argument 'x'");
  });
});

describe("all together", () => {
  it("is one line", () => {
    const waiting = toolServer({ state: "down", tools: [tool({ is_quarantined: true })] });
    expect(summary({ servers: [toolServer()] })).toBe("1 of 1 server ready");
    expect(summary({ servers: [toolServer(), waiting] })).toBe(
      "1 of 2 servers ready; 1 tool waiting for approval",
    );
  });
});

describe("a call that is over", () => {
  const failed = (changes: Parameters<typeof toolCall>[0]) =>
    callWords(toolCall({ is_error: true, ...changes }));

  it("returned a result, or says what is known of its failure", () => {
    expect(callWords(toolCall())).toMatchObject({ word: "returned a result", sentence: null });
    expect(failed({ cause: "tool_error" })).toMatchObject({ word: "failed" });
    expect(failed({ cause: "needs_input", executed: "unknown" }).word).toBe("needs a person");
    expect(failed({ cause: "bad_result", executed: "yes" }).word).toBe("result unusable");
    expect(failed({ cause: "unknown_tool", executed: "no" }).word).toBe("invalid call");
    expect(failed({ cause: "connect", executed: "no" })).toEqual({
      word: "not available",
      tone: "bad",
      sentence: "The tool is not available. Nothing was done.",
    });
  });

  it("has an unknown outcome only if it may have changed something", () => {
    const unknown = { cause: "timeout", executed: "unknown" } as const;
    expect(failed({ ...unknown, effect: "mutating" })).toEqual({
      word: "outcome unknown",
      tone: "warn",
      sentence:
        "The tool did not answer in time. It is not known whether it was executed, so it is not called again for the same purpose.",
    });
    expect(failed({ ...unknown, effect: "read_only" })).toMatchObject({
      word: "not available",
      sentence:
        "The tool did not answer in time. It is not known whether it was executed, but it changes nothing.",
    });
  });

  it("names who was asked before the one that answered", () => {
    const calc = { server: "backup", tool: "calc" };
    const first = {
      server: "calculator",
      tool: "evaluate",
      cause: "connect",
      executed: "no",
      duration_ms: 0,
    } as const;
    const second = { ...calc, cause: null, executed: "yes", duration_ms: 2 } as const;
    expect(passedOver(toolCall({ ...calc, attempts: [first, second] })).map(toolName)).toEqual([
      "calculator/evaluate",
    ]);
    expect(passedOver(toolCall())).toEqual([]);
    expect(toolName({ server: "", tool: "made_up" })).toBe("made_up");
  });
});

describe("the address", () => {
  it("says what is looked at, a tool only with its server", () => {
    expect(selectionHref({ server: null, tool: "t", run: null })).toBe("/tools/");
    expect(selectionHref({ server: "a b", tool: "c/d", run: null })).toBe("/tools/?server=a+b&tool=c%2Fd");
    expect(selectionHref({ server: null, tool: null, run: "r1" })).toBe("/tools/?run=r1");
  });
});
