/** Mock runs: an append-only log per run, written by a little scripted story, read by any number of streams. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { answerFor, troublesFor } from "./answers.mjs";

const now = () => new Date().toISOString();

export class Run {
  constructor(world, { input, threadId, inputMessageId }) {
    Object.assign(this, { world, input, threadId, inputMessageId });
    this.id = randomUUID();
    this.messageId = randomUUID();
    this.log = [];
    this.readers = new Set();
    this.attempts = [];
    this.tools = [];
    this.text = "";
    this.status = "queued";
    this.cancelled = false;
    this.createdAt = now();
    this.startMs = Date.now();
  }

  emit(event, data) {
    const seq = this.log.length + 1;
    this.log.push({ event, data: { run_id: this.id, seq, at: now(), ...data } });
    for (const wake of this.readers) wake();
  }

  phase(phase, data = {}) {
    this.emit("status", { phase, ...data });
  }

  view() {
    const served = this.attempts.find((attempt) => attempt.class === "success") ?? this.attempts.at(-1);
    return {
      run_id: this.id,
      thread_id: this.threadId,
      status: this.status,
      route: "default",
      mode: "auto",
      provider: served?.provider ?? null,
      model: served?.model ?? null,
      finish_reason: this.status === "cancelled" ? "cancelled" : "stop",
      usage: this.usage ?? null,
      ttft_ms: this.ttftMs ?? null,
      latency_ms: this.endedAt ? Date.parse(this.endedAt) - this.startMs : null,
      failover_occurred: this.failedOver ?? false,
      failover_chain: this.attempts.map(({ provider, model }) => `${provider}/${model}`),
      attempts: this.attempts,
      tool_calls: this.tools,
      error: this.error ?? null,
      input_message_id: this.inputMessageId,
      message_id: this.messageId,
      recovered: this.recovered ?? 0,
      created_at: this.createdAt,
      started_at: this.createdAt,
      ended_at: this.endedAt ?? null,
      events_url: `/api/runs/${this.id}/events`,
    };
  }

  async play() {
    const troubles = troublesFor(this.input);
    this.phase("queued");
    await sleep(troubles.slowStart ? 4000 : 60);
    this.phase("started", { route: "default" });
    this.status = "running";
    if (troubles.tool) await this.useTool();
    await this.askTargets(troubles);
  }

  async askTargets(troubles) {
    const targets = this.world.targets();
    for (const [index, target] of targets.entries()) {
      const next = targets[index + 1];
      const cause = this.world.reasonToSkip(target.provider);
      const row = this.row(index + 1, target);
      if (cause) {
        this.attempts.push({ ...row, class: "neutral", cause, skipped: true, ended_at: now() });
        this.failOver(index + 1, target, cause, "neutral", next);
        continue;
      }
      this.phase("attempt_started", { attempt: index + 1, ...target });
      await sleep(350);
      if (troubles.refuse && index === 0) {
        this.attempts.push({
          ...row,
          class: "failure",
          cause: "connection_refused",
          ended_at: now(),
          duration_ms: 350,
        });
        this.phase("attempt_failed", {
          attempt: index + 1,
          ...target,
          cause: "connection_refused",
          class: "failure",
        });
        await sleep(600);
        this.failOver(index + 1, target, "connection_refused", "failure", next);
        await sleep(600);
        continue;
      }
      return this.answer(row, troubles);
    }
    this.fail();
  }

  failOver(attempt, target, cause, outcome, next) {
    this.failedOver = true;
    this.phase("failover", {
      attempt,
      ...target,
      cause,
      class: outcome,
      next: next ? `${next.provider}/${next.model}` : null,
    });
  }

  row(attempt, target) {
    return {
      attempt,
      ...target,
      class: "success",
      cause: null,
      detail: null,
      skipped: false,
      status_code: null,
      started_at: now(),
      ended_at: null,
      ttft_ms: null,
      duration_ms: 0,
      usage: null,
      cost_usd: null,
      skipped_frames: 0,
      breaker_state: "closed",
      splice_offset: null,
      final: false,
      hedge: false,
    };
  }

  async useTool() {
    const call = {
      tool_call_id: "call_1",
      server: "calculator",
      tool: "evaluate",
      arguments: { expression: "17 * 23 + 2 ** 10" },
    };
    const startedAt = now();
    this.phase("tool_started", call);
    await sleep(1500);
    this.phase("tool_finished", { ...call, result: "1415", duration_ms: 1500 });
    this.tools.push({
      ...call,
      result: "1415",
      is_error: false,
      cause: null,
      duration_ms: 1500,
      started_at: startedAt,
      ended_at: now(),
    });
  }

  async answer(row, troubles) {
    const words = answerFor(this.input).split(/(?<=\s)/);
    const perBatch = Math.max(1, Math.round((this.world.wordsPerSecond * 25) / 1000));
    for (let at = 0; at < words.length && !this.cancelled; at += perBatch) {
      const text = words.slice(at, at + perBatch).join("");
      this.ttftMs ??= Date.now() - this.startMs;
      this.text += text;
      this.emit("token", { text, message_id: this.messageId });
      await this.trouble(troubles, at >= words.length / 3);
      await sleep(Math.max(25, 1000 / this.world.wordsPerSecond));
    }
    this.finish(row);
  }

  async trouble(troubles, inMiddle) {
    if (!inMiddle) return;
    if (troubles.stall) await this.stall();
    if (troubles.drop) this.world.dropLinks(this.id);
    if (troubles.recover) {
      this.phase("recovered", { recovered: (this.recovered = 1) });
      await sleep(1500);
    }
    if (troubles.restart) {
      this.phase("restarted", { discard_from_seq: this.log.find(({ event }) => event === "token").data.seq });
      this.text = "";
    }
    Object.assign(troubles, { stall: false, drop: false, recover: false, restart: false });
  }

  async stall() {
    for (let beat = 0; beat < 4 && !this.cancelled; beat += 1) {
      await sleep(3000);
      this.phase("heartbeat");
    }
  }

  finish(row) {
    const tokens = Math.ceil(this.text.length / 4);
    this.usage = {
      input_tokens: 24,
      output_tokens: tokens,
      total_tokens: 24 + tokens,
      estimated: this.cancelled,
    };
    const took = Date.now() - Date.parse(row.started_at);
    const outcome = this.cancelled ? { class: "neutral", cause: "cancelled" } : { class: "success" };
    this.attempts.push({
      ...row,
      ...outcome,
      ended_at: now(),
      ttft_ms: 350,
      duration_ms: took,
      usage: this.usage,
    });
    this.status = this.cancelled ? "cancelled" : "completed";
    this.endedAt = now();
    const view = this.view();
    this.world.recordAnswer(this);
    this.emit("completion", {
      message_id: this.messageId,
      text: this.text,
      provider: view.provider,
      model: view.model,
      finish_reason: view.finish_reason,
      usage: this.usage,
      ttft_ms: view.ttft_ms,
      latency_ms: view.latency_ms,
      failover_occurred: view.failover_occurred,
      failover_chain: view.failover_chain,
      attempts: this.attempts,
      degraded: view.failover_occurred,
      tool_calls: this.tools,
    });
  }

  fail() {
    this.status = "failed";
    this.endedAt = now();
    this.error = {
      type: "urn:sentinel:error:all_providers_failed",
      title: "No provider could answer",
      status: 502,
      detail: `${this.attempts.length} targets were tried and none could answer.`,
      code: "all_providers_failed",
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    };
    this.world.recordAnswer(this);
    this.emit("error", { ...this.error, partial_text: this.text, attempts: this.attempts });
  }
}
