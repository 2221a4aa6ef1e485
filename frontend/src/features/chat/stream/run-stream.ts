/**
 * Follows one run's event log over SSE until its terminal event: resumes after the
 * last event it has, drops repeats, notices gaps, backs off with jitter, and says at
 * every moment how the link is. It only ever reads: nothing is posted from here.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { problemFrom, type ApiProblem } from "@/lib/api/problem";
import { isSnapshot, type RunEvent, type RunEventType } from "@/types/events";

export type Link =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "reconnecting"; attempt: number; retryAtMs: number; offline: boolean }
  | { kind: "ended" }
  | { kind: "refused"; problem: ApiProblem };

export interface StreamSurroundings {
  fetch: typeof fetch;
  now: () => number;
  random: () => number;
  isOnline: () => boolean;
  /** Runs `wake` after `ms`; the returned function cancels it. */
  setTimer: (wake: () => void, ms: number) => () => void;
  /** Calls `wake` when the browser says that the network is back. */
  onOnline: (wake: () => void) => () => void;
}

interface FollowOptions {
  url: string;
  afterSeq: number;
  signal: AbortSignal;
  onEvent: (event: RunEvent) => void;
  onLink: (link: Link) => void;
  /** Any sign of life from the server, comments and heartbeats included. */
  onAlive?: () => void;
}

/** Heartbeats come at least every 10 s; a link that is silent for longer than two is dead. */
export const SILENCE_MS = 25_000;
const BACK_OFF_MS = 500;
const BACK_OFF_MAX_MS = 5_000;
/** How often the same gap may be met before the log itself is taken to have it. */
const GAP_RETRIES = 3;

const EVENT_TYPES: readonly string[] = ["status", "token", "completion", "error"] satisfies RunEventType[];

type ConnectionEnd = "terminal" | "broken" | { refused: ApiProblem };

export async function followRun(options: FollowOptions, surroundings: StreamSurroundings): Promise<void> {
  const follower = new Follower(options, surroundings);
  await follower.run();
}

class Follower {
  private lastSeq: number;
  private failures = 0;
  private gapSeq = -1;
  private gapRetries = 0;

  constructor(
    private readonly options: FollowOptions,
    private readonly around: StreamSurroundings,
  ) {
    this.lastSeq = options.afterSeq;
  }

  async run(): Promise<void> {
    this.options.onLink({ kind: "connecting" });
    while (!this.options.signal.aborted) {
      const end = await this.connectOnce();
      if (end === "broken") {
        await this.pause();
        continue;
      }
      this.options.onLink(end === "terminal" ? { kind: "ended" } : { kind: "refused", problem: end.refused });
      return;
    }
  }

  private async connectOnce(): Promise<ConnectionEnd> {
    const connection = new AbortController();
    const stop = () => connection.abort();
    this.options.signal.addEventListener("abort", stop, { once: true });
    // A connection from before the network went away may hang for minutes: start a fresh one.
    const offOnline = this.around.onOnline(stop);
    const watchdog = new Watchdog(this.around, SILENCE_MS, stop);
    try {
      const response = await this.request(connection.signal);
      if (!response.ok) return await refusalOf(response);
      // The run has ended, and this reader has all of it.
      if (response.status === 204) return "terminal";
      if (!response.body) return "broken";
      return await this.read(response.body, watchdog);
    } catch {
      return "broken";
    } finally {
      watchdog.stop();
      offOnline();
      this.options.signal.removeEventListener("abort", stop);
      stop();
    }
  }

  private request(signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.lastSeq > 0) headers["Last-Event-ID"] = String(this.lastSeq);
    return this.around.fetch(this.options.url, { headers, signal, cache: "no-store" });
  }

  private async read(body: ReadableStream<Uint8Array>, watchdog: Watchdog): Promise<ConnectionEnd> {
    const alive = () => {
      watchdog.feed();
      this.options.onAlive?.();
    };
    alive();
    this.options.onLink({ kind: "open" });
    const frames = body
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(tap(alive))
      .pipeThrough(new EventSourceParserStream());
    const reader = frames.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "broken";
      const event = parseEvent(value.event, value.data);
      if (!event || event.seq <= this.lastSeq) continue;
      if (!isSnapshot(event) && this.isNewGap(event.seq)) return "broken";
      this.accept(event);
      if (event.type === "completion" || event.type === "error") return "terminal";
    }
  }

  private accept(event: RunEvent): void {
    this.lastSeq = event.seq;
    this.failures = 0;
    this.options.onEvent(event);
  }

  /** Something between the last event and this one is missing: ask again, but not for ever. */
  private isNewGap(seq: number): boolean {
    if (seq === this.lastSeq + 1) return false;
    if (this.gapSeq !== this.lastSeq) {
      this.gapSeq = this.lastSeq;
      this.gapRetries = 0;
    }
    this.gapRetries += 1;
    return this.gapRetries <= GAP_RETRIES;
  }

  /** Wait before the next connection: half of the back-off is certain, half is chance. */
  private pause(): Promise<void> {
    const { signal, onLink } = this.options;
    if (signal.aborted) return Promise.resolve();
    const ceiling = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** this.failures);
    const delay = ceiling / 2 + (this.around.random() * ceiling) / 2;
    this.failures += 1;
    onLink({
      kind: "reconnecting",
      attempt: this.failures,
      retryAtMs: this.around.now() + delay,
      offline: !this.around.isOnline(),
    });
    return new Promise((resolve) => {
      const wake = () => {
        cancelTimer();
        offOnline();
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const cancelTimer = this.around.setTimer(wake, delay);
      const offOnline = this.around.onOnline(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

/** Calls `onSilence` when it has not been fed for a while. */
class Watchdog {
  private cancel: () => void;

  constructor(
    private readonly around: StreamSurroundings,
    private readonly limitMs: number,
    private readonly onSilence: () => void,
  ) {
    this.cancel = around.setTimer(onSilence, limitMs);
  }

  feed(): void {
    this.cancel();
    this.cancel = this.around.setTimer(this.onSilence, this.limitMs);
  }

  stop(): void {
    this.cancel();
  }
}

/** A client error is final; anything else (a restart, a proxy) is worth another try. */
async function refusalOf(response: Response): Promise<ConnectionEnd> {
  const final = response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status);
  return final ? { refused: await problemFrom(response) } : "broken";
}

function parseEvent(type: string | undefined, data: string): RunEvent | null {
  if (!type || !EVENT_TYPES.includes(type)) return null;
  try {
    const body = JSON.parse(data) as Record<string, unknown>;
    return typeof body.seq === "number" ? ({ ...body, type } as unknown as RunEvent) : null;
  } catch {
    return null;
  }
}

function tap(onChunk: () => void): TransformStream<string, string> {
  return new TransformStream({
    transform(chunk, controller) {
      onChunk();
      controller.enqueue(chunk);
    },
  });
}

export const browserSurroundings: StreamSurroundings = {
  fetch: (...request) => fetch(...request),
  now: () => Date.now(),
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
  setTimer: (wake, ms) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
  onOnline: (wake) => {
    window.addEventListener("online", wake);
    return () => window.removeEventListener("online", wake);
  },
};
