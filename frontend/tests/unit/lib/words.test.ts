import { describe, expect, it } from "vitest";
import { formatUsd } from "@/lib/money";
import { formatClock, formatCountdown, formatDuration } from "@/lib/time";
import { becauseOf, causePhrase, toolCausePhrase } from "@/lib/words/causes";

describe("amounts of money", () => {
  it("have the figures that matter, however small they are", () => {
    expect([0, 12.345, 1, 0.0421, 0.000_004_8].map(formatUsd)).toEqual([
      "$0.00",
      "$12.35",
      "$1.00",
      "$0.042",
      "$0.0000048",
    ]);
  });
});

describe("durations", () => {
  it("are milliseconds, seconds, then minutes", () => {
    expect([340.4, 2_140, 59_940, 72_000].map(formatDuration)).toEqual([
      "340 ms",
      "2.1 s",
      "59.9 s",
      "1 min 12 s",
    ]);
  });

  it("tick in tenths at first", () => {
    expect([-5, 400, 12_700, 83_000].map(formatClock)).toEqual(["0.0 s", "0.4 s", "12 s", "1:23"]);
  });

  it("count down to nothing and not below", () => {
    expect([61_000, 59_001, 0, -9, 3_725_000].map(formatCountdown)).toEqual([
      "1:01",
      "1:00",
      "0:00",
      "0:00",
      "1:02:05",
    ]);
  });
});

describe("causes", () => {
  it("are plain words", () => {
    expect(becauseOf("openai", "connection_refused")).toBe("because openai refused the connection");
  });

  it("stay readable when nobody has heard of them", () => {
    expect(causePhrase("moon_in_the_wrong_phase")).toBe("failed (moon in the wrong phase)");
    expect(causePhrase("http_418")).toBe("answered with HTTP 418");
    expect(causePhrase(null)).toBe("failed");
  });

  it("of tools have their own words where they differ", () => {
    expect(toolCausePhrase("connect")).toBe("is not available");
    expect(toolCausePhrase("circuit_open")).toBe("is paused: its circuit is open");
  });
});
