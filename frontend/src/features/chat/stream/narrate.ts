/** Says what a run is doing in words that a person understands at a glance. */
import type { FollowedRun } from "@/features/chat/stream/run-follower";
import { isEnded, type Doing, type RunState } from "@/features/chat/stream/run-state";
import { formatDuration } from "@/lib/time";
import { causePhrase, toolCausePhrase } from "@/lib/words/causes";
import { circuitWording } from "@/lib/words/circuits";
import type { Tone } from "@/lib/words/providers";
import { sentence } from "@/lib/words/sentence";

export interface Narration {
  words: string;
  tone: Tone;
  /** When this began, on the browser's clock; null shows no clock. */
  sinceMs: number | null;
  live: boolean;
}

/** Silence within an answer that a person would begin to wonder about. */
const STALL_MS = 6_000;

/** The sentence for the status line, at the given browser time. */
export function narrate(followed: FollowedRun, stopping: boolean, nowMs: number): Narration {
  const { state } = followed;
  if (isEnded(state.status))
    return { words: endingWords(state), tone: endingTone(state), sinceMs: null, live: false };
  return narrateLink(followed) ?? narrateWork(followed, stopping, nowMs);
}

function narrateLink({ link, lastAliveMs }: FollowedRun): Narration | null {
  if (link.kind === "refused") {
    return {
      words: `This answer cannot be followed: ${link.problem.problem.title}`,
      tone: "bad",
      sinceMs: null,
      live: false,
    };
  }
  if (link.kind !== "reconnecting") return null;
  const words = link.offline
    ? "You are offline. The answer continues without you and will be here when you are back"
    : "Connection lost. Reconnecting; no text is lost";
  return { words, tone: "warn", sinceMs: lastAliveMs, live: true };
}

function narrateWork(
  { state, skewMs, lastAliveMs }: FollowedRun,
  stopping: boolean,
  nowMs: number,
): Narration {
  const local = (iso: string) => Date.parse(iso) - skewMs;
  if (stopping)
    return {
      words: "Stopping: waiting for the server to confirm",
      tone: "warn",
      sinceMs: lastAliveMs,
      live: true,
    };
  const stalledSince =
    state.doing.kind === "answering" && state.lastTokenAt ? local(state.lastTokenAt) : null;
  if (stalledSince !== null && nowMs - stalledSince > STALL_MS) {
    return {
      // A dead worker looks the same from here as a provider that has paused.
      words: "No new words for a while; waiting for more",
      tone: "warn",
      sinceMs: stalledSince,
      live: true,
    };
  }
  const { words, tone } = doingWords(state.doing);
  return { words, tone, sinceMs: state.doing.kind === "waiting" ? null : local(state.doing.at), live: true };
}

interface Words {
  words: string;
  tone: Tone;
}

const WORDS: { [Kind in Doing["kind"]]: (doing: Extract<Doing, { kind: Kind }>) => Words } = {
  waiting: () => ({ words: "Connecting to the answer", tone: "idle" }),
  queued: () => ({ words: "Queued: waiting for a free worker", tone: "idle" }),
  started: () => ({ words: "Choosing a target", tone: "idle" }),
  asking: ({ provider, attempt }) => ({
    words: attempt > 1 ? `Asking ${provider} (attempt ${attempt})` : `Asking ${provider}`,
    tone: "accent",
  }),
  hedging: ({ provider, slow }) => ({
    words: `${slow ?? "The first"} is slow to start: also asking ${provider}`,
    tone: "warn",
  }),
  retrying: ({ provider }) => ({ words: `Asking ${provider} once more`, tone: "warn" }),
  continued: ({ provider }) => ({ words: `${provider} continues where the text stopped`, tone: "warn" }),
  circuit: ({ key, state }) => ({
    words: `The circuit of ${key.replace(/^\w+:/, "")} is now ${circuitWording(state).word}`,
    tone: circuitWording(state).tone,
  }),
  failed_attempt: ({ provider, cause }) => ({ words: `${provider} ${causePhrase(cause)}`, tone: "bad" }),
  switching: ({ provider, cause, next }) => ({
    words: `${provider} ${causePhrase(cause)}: ${next ? `switching to ${providerOf(next)}` : "no other target is left"}`,
    tone: "warn",
  }),
  answering: ({ provider }) => ({ words: provider ? `${provider} is answering` : "Answering", tone: "ok" }),
  tool: ({ tool, server }) => ({
    words: `Using the tool ${tool}${server ? ` of ${server}` : ""}`,
    tone: "accent",
  }),
  tool_fallback: ({ failed, cause, next }) => ({
    words: `${failed} ${toolCausePhrase(cause)}; asking ${next} instead`,
    tone: "warn",
  }),
  tool_done: ({ tool }) => ({ words: `The tool ${tool} is done; back to the model`, tone: "accent" }),
  restarted: () => ({ words: "Restarting this answer from the beginning", tone: "warn" }),
  recovered: () => ({
    words: "Another process continues it: the one that was writing it stopped",
    tone: "warn",
  }),
  draining: () => ({
    words: "The process that is writing this is stopping; the answer is kept and will continue",
    tone: "warn",
  }),
  other: ({ phase }) => ({ words: sentence(phase.replaceAll("_", " ")), tone: "idle" }),
  ended: () => ({ words: "Done", tone: "ok" }),
};

function doingWords(doing: Doing): Words {
  // Each entry takes exactly the variant of its own kind; the table's type guarantees it.
  return (WORDS[doing.kind] as (doing: Doing) => Words)(doing);
}

function endingWords(state: RunState): string {
  if (state.status === "cancelled") return "Stopped. The text so far is kept";
  if (state.status === "failed") return `Failed: ${state.error?.title ?? "no answer"}`;
  const who = state.provider ? ` by ${state.provider}` : "";
  const took = state.latencyMs === null ? "" : ` in ${formatDuration(state.latencyMs)}`;
  return `Answered${who}${took}${state.failoverOccurred ? ", after a failover" : ""}`;
}

function endingTone(state: RunState): Tone {
  if (state.status === "failed") return "bad";
  return state.status === "cancelled" || state.failoverOccurred ? "warn" : "ok";
}

/** `simulated-fallback/sim-small` → `simulated-fallback` */
function providerOf(target: string): string {
  return target.split("/", 1)[0] ?? target;
}
