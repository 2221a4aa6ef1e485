import { describe, expect, it } from "vitest";
import { isSnapshot } from "@/types/events";
import { fixtureEvents, fixtureNames } from "@tests/support/fixtures";

describe.each(fixtureNames)("the recorded log %s", (name) => {
  const events = fixtureEvents(name);

  it("numbers its events from 1, or from the snapshot of what was pruned, without a gap", () => {
    const first = isSnapshot(events[0]) ? events[0].seq : 1;
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + first));
  });

  it("ends with its only terminal event", () => {
    const terminal = events.filter(({ type }) => type === "completion" || type === "error");
    expect(terminal).toEqual([events.at(-1)]);
  });

  it("gives the text of its completion when its tokens are joined", () => {
    let parts: { seq: number; text: string }[] = [];
    for (const event of events) {
      if (event.type === "token") parts.push(event);
      if (isSnapshot(event)) parts = [{ seq: event.seq, text: event.text }];
      if (event.type === "status" && event.phase === "restarted") {
        parts = parts.filter(({ seq }) => seq < (event.discard_from_seq ?? 0));
      }
    }
    const last = events.at(-1);
    const whole = last?.type === "completion" ? last.text : last?.type === "error" ? last.partial_text : null;
    expect(parts.map(({ text }) => text).join("")).toBe(whole);
  });
});
