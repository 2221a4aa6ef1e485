import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Answer } from "@/features/chat/components/answer";
import type { RunState } from "@/features/chat/stream/run-state";
import type { Run } from "@/types/wire";
import { message, provider, run } from "@tests/support/builders";
import { fixtureEvents, replay, replayUntil } from "@tests/support/fixtures";

const PROVIDERS = { "simulated-primary": provider(), "simulated-fallback": provider({ tier: "fallback" }) };
const QUESTION = message();

function draw(state: RunState, onAskAgain = vi.fn()) {
  render(
    <Answer
      message={null}
      live={{ state, link: { kind: "ended" }, lastAliveMs: 0, skewMs: 0 }}
      question={QUESTION}
      providers={PROVIDERS}
      onAskAgain={onAskAgain}
      canRetry
    />,
  );
  return { onAskAgain, user: userEvent.setup() };
}

function drawStored(changes: Partial<Run>, text = "") {
  render(
    <Answer
      message={message({ role: "assistant", run_id: "r1", text, run: run(changes) })}
      live={null}
      question={QUESTION}
      providers={PROVIDERS}
      onAskAgain={vi.fn()}
      canRetry
    />,
  );
}

function problem(code: string) {
  return { type: "about:blank", title: "No answer", status: 502, detail: "none.", code, trace_id: "r1" };
}

describe("the chip", () => {
  it("names who answered, how fast and for how many tokens", () => {
    draw(replay(fixtureEvents("plain_answer")));
    const chip = screen.getByRole("button", { name: /^Receipt/ });
    expect(chip).toHaveTextContent("simulated-primary");
    expect(chip).toHaveTextContent("sim-large");
    expect(chip).toHaveTextContent("simulated");
    expect(chip).toHaveTextContent("first 124 ms");
    expect(chip).toHaveTextContent("total 229 ms");
    expect(chip).toHaveTextContent("23 tokens");
    expect(chip).not.toHaveTextContent("fallback");
  });

  it("says in plain words why a fallback answered", () => {
    draw(replay(fixtureEvents("failover_before_first_token")));
    expect(screen.getByRole("button", { name: /^Receipt/ })).toHaveTextContent(
      "fallback because simulated-primary refused the connection",
    );
  });

  it("leaves out what is not known and marks what is estimated", () => {
    draw({ ...replay(fixtureEvents("cancelled")), ttftMs: null });
    const chip = screen.getByRole("button", { name: /^Receipt/ });
    expect(chip).not.toHaveTextContent("first");
    expect(chip).toHaveTextContent("≈ 16 tokens");
  });

  it("opens a receipt that tells a hedge from a failover", async () => {
    const { user } = draw(replay(fixtureEvents("hedged")));
    expect(screen.getByRole("button", { name: /^Receipt/ })).not.toHaveTextContent("fallback because");
    await user.click(screen.getByRole("button", { name: /^Receipt/ }));
    const receipt = within(screen.getByRole("region", { name: "Receipt of this answer" }));
    const [first, second] = receipt.getAllByRole("listitem");
    expect(first).toHaveTextContent("was slower than the other target that was asked");
    expect(first).not.toHaveTextContent("sent while the previous target was silent");
    expect(second).toHaveTextContent("simulated-fallback/sim-small answered");
    expect(second).toHaveTextContent("sent while the previous target was silent");
  });

  it("opens a receipt that tells the request for a tool from the answer", async () => {
    const { user } = draw(replay(fixtureEvents("tool_call")));
    await user.click(screen.getByRole("button", { name: /^Receipt/ }));
    const receipt = within(screen.getByRole("region", { name: "Receipt of this answer" }));
    const [first, second] = receipt.getAllByRole("listitem");
    expect(first).toHaveTextContent("simulated-primary/sim-large asked for calculator/evaluate");
    expect(second).toHaveTextContent("simulated-primary/sim-large answered");
  });

  it("opens a receipt with every attempt, its cause, its class and its times", async () => {
    const { user } = draw(replay(fixtureEvents("failover_before_first_token")));
    await user.click(screen.getByRole("button", { name: /^Receipt/ }));
    const receipt = within(screen.getByRole("region", { name: "Receipt of this answer" }));
    const [first, second] = receipt.getAllByRole("listitem");
    expect(first).toHaveTextContent("simulated-primary/sim-large refused the connection");
    expect(first).toHaveTextContent("causeconnection_refused");
    expect(first).toHaveTextContent("counts against the circuit");
    expect(second).toHaveTextContent("simulated-fallback/sim-small answered");
    expect(second).toHaveTextContent("first60 ms");
  });

  it("does not call an answer simulated that is not", () => {
    const state = { ...replay(fixtureEvents("plain_answer")), provider: "openai" };
    draw(state);
    expect(screen.getByRole("button", { name: /^Receipt/ })).not.toHaveTextContent("simulated");
  });
});

describe("a failed answer", () => {
  it("says what happened, in whose words, and who was asked", () => {
    draw(replay(fixtureEvents("all_failed")));
    const box = within(screen.getByRole("group", { name: "Answer failed" }));
    expect(box.getByText("No provider could answer")).toBeVisible();
    expect(box.getByText("2 targets were tried and none could answer.")).toBeVisible();
    expect(box.getByText(/all_providers_failed/)).toBeVisible();
    expect(box.getAllByRole("listitem")).toHaveLength(2);
  });

  it("keeps what was written and says so", () => {
    draw(replay(fixtureEvents("failed_midstream")));
    expect(screen.getByText("The first half of a sentence")).toBeVisible();
    expect(screen.getByText("The text so far is kept above.")).toBeVisible();
  });

  it("says when asking again may help, and lets one ask at once", () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, now: Date.parse("2026-11-20T09:00:00.000Z") });
    try {
      const [error, ...before] = fixtureEvents("all_failed").toReversed();
      const state = replay([...before.toReversed(), Object.assign({}, error, { retry_after_seconds: 62.1 })]);
      const { onAskAgain } = draw(state);
      const box = screen.getByRole("group", { name: "Answer failed" });
      expect(box).toHaveTextContent("may work again in 1:03");
      fireEvent.click(within(box).getByRole("button", { name: "Retry" }));
      expect(onAskAgain).toHaveBeenCalledOnce();
      act(() => {
        vi.advanceTimersByTime(62_400);
      });
      expect(box).toHaveTextContent("may work again now");
    } finally {
      vi.useRealTimers();
    }
  });

  it("says the same of a failure in the history", () => {
    const error = { ...problem("all_providers_failed"), retry_after_seconds: 20 };
    const ended_at = new Date(Date.now() - 5_000).toISOString();
    drawStored({ status: "failed", error, ended_at });
    expect(screen.getByRole("group", { name: "Answer failed" })).toHaveTextContent(
      /may work again in 0:1[456]/,
    );
  });

  it("does not guess when asking again may help", () => {
    drawStored({ status: "failed", error: problem("all_providers_failed") });
    expect(screen.queryByText(/may work again/)).toBeNull();
  });

  it("names the run as its receipt does, and a refused request by its trace", () => {
    drawStored({ status: "failed", error: { ...problem("stream_broken"), trace_id: "r1" } });
    expect(screen.getByRole("group", { name: "Answer failed" })).toHaveTextContent("stream_broken · run r1");
    document.body.replaceChildren();
    drawStored({ status: "failed", error: { ...problem("stream_broken"), trace_id: "q9" } });
    expect(screen.getByRole("group", { name: "Answer failed" })).toHaveTextContent(
      "stream_broken · trace q9",
    );
  });

  it("offers to ask the same question again", async () => {
    const { user, onAskAgain } = draw(replay(fixtureEvents("all_failed")));
    await user.click(screen.getByRole("button", { name: "Retry" }));
    expect(onAskAgain).toHaveBeenCalledExactlyOnceWith(QUESTION);
  });
});

describe("a stopped answer", () => {
  it("keeps its text, says that it was stopped and offers to ask again", async () => {
    const { user, onAskAgain } = draw(replay(fixtureEvents("cancelled")));
    expect(screen.getByText("One, two, three,")).toBeVisible();
    const box = within(screen.getByRole("group", { name: "Answer stopped" }));
    await user.click(box.getByRole("button", { name: "Retry" }));
    expect(onAskAgain).toHaveBeenCalledOnce();
  });
});

describe("an answer on its way", () => {
  it("tells of a switch as it happens", () => {
    draw(replayUntil("failover_before_first_token", "token"));
    const notes = within(screen.getByRole("list", { name: "What happened on the way" }));
    expect(notes.getByRole("listitem")).toHaveTextContent(
      "simulated-primary refused the connectionswitched to simulated-fallback",
    );
  });

  it("tells of a change of process in words that fit a restart and a takeover", () => {
    const state = replayUntil("recovered_after_crash", "recovered");
    draw(state);
    const notes = () => screen.getByRole("list", { name: "What happened on the way" });
    expect(notes()).toHaveTextContent("The process that was writing this stopped; another one took over.");
    document.body.replaceChildren();
    draw({ ...state, recovered: 2 });
    expect(notes()).toHaveTextContent(
      "The processes that were writing this stopped, 2 times; another one took over each time.",
    );
  });

  it("shows a tool at work, and then its arguments and its result", async () => {
    draw(replayUntil("tool_call", "tool_started"));
    expect(screen.getByText("running")).toBeVisible();
    document.body.replaceChildren();
    const { user } = draw(replay(fixtureEvents("tool_call")));
    await user.click(screen.getByText("evaluate"));
    expect(screen.getByText("finished in 12 ms")).toBeVisible();
    expect(screen.getByText(/"expression": "17 \* 23"/)).toBeVisible();
    expect(screen.getByText("391")).toBeVisible();
  });

  it("says which tool stood in for which, on the way and afterwards", () => {
    draw(replayUntil("tool_fallback", "tool_fallback"));
    const why = "calculator/evaluate is paused: its circuit is open; calculator_backup/calc";
    expect(screen.getByRole("list", { name: "Tool calls" })).toHaveTextContent(`${why} was asked instead`);
    document.body.replaceChildren();
    draw(replay(fixtureEvents("tool_fallback")));
    expect(screen.getByRole("list", { name: "Tool calls" })).toHaveTextContent(`${why} stood in`);
    const asked = within(screen.getByRole("list", { name: "Tools tried" })).getAllByRole("listitem");
    expect(asked.map((item) => item.textContent)).toEqual([
      "calculator/evaluate is paused: its circuit is open; nothing was done",
      expect.stringContaining("calculator_backup/calc returned the result"),
    ]);
  });

  it("tells a call with an unknown outcome from one that did nothing", () => {
    const state = replay(fixtureEvents("tool_failed"));
    const tools = state.tools.map((each) => ({ ...each, effect: "mutating" as const }));
    draw({ ...state, tools: tools.map((each) => ({ ...each, executed: "unknown" as const })) });
    expect(screen.getByText(/^outcome unknown/)).toBeVisible();
    document.body.replaceChildren();
    draw({ ...state, tools: tools.map((each) => ({ ...each, cause: "connect", executed: "no" as const })) });
    expect(screen.getByText(/^not available/)).toBeVisible();
    expect(screen.getByText("The tool is not available. Nothing was done.")).toBeInTheDocument();
  });

  it("says why a tool failed", () => {
    draw(replay(fixtureEvents("tool_failed")));
    expect(
      screen.getByText(/The tool did not answer in time. It is not known whether it was executed/),
    ).toBeInTheDocument();
  });

  it("is busy until it has ended, and shows no chip before", () => {
    draw(replayUntil("plain_answer", "token"));
    expect(screen.getByTestId("answer")).toHaveAttribute("aria-busy", "true");
    expect(screen.queryByTestId("answer-chip")).toBeNull();
  });
});

describe("an answer from the history", () => {
  it("is drawn like the live one", () => {
    drawStored({}, "Stored.");
    expect(screen.getByText("Stored.")).toBeVisible();
    expect(screen.getByRole("button", { name: /^Receipt/ })).toHaveTextContent("total 2.1 s");
  });

  it("says so when it is empty", () => {
    drawStored({});
    expect(screen.getByText("The model sent an empty answer.")).toBeVisible();
  });
});
