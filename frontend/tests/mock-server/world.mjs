/** The mock's memory: threads, messages, runs, providers, switches and circuits. */
import { randomUUID } from "node:crypto";
import { Run } from "./runs.mjs";

const now = () => new Date().toISOString();
const RECOVERY_MS = 30_000;

export class World {
  constructor({ wordsPerSecond = 60, chaosEnabled = true } = {}) {
    this.wordsPerSecond = wordsPerSecond;
    this.chaosEnabled = chaosEnabled;
    this.threads = new Map();
    this.messages = [];
    this.runs = new Map();
    this.byKey = new Map();
    this.killSwitches = new Map();
    this.circuits = new Map(this.targets().map(({ provider }) => [provider, closedCircuit()]));
    this.links = new Map();
    this.incidents = [];
  }

  targets() {
    return [
      { provider: "simulated-primary", model: "sim-large" },
      { provider: "simulated-fallback", model: "sim-small" },
    ];
  }

  reasonToSkip(provider) {
    if (this.killSwitch(provider)) return "kill_switch";
    return this.circuit(provider).state === "open" ? "circuit_open" : null;
  }

  killSwitch(target) {
    const entry = this.killSwitches.get(target);
    if (!entry || (entry.expires_at && Date.parse(entry.expires_at) < Date.now())) return null;
    return entry;
  }

  circuit(provider) {
    const circuit = this.circuits.get(provider);
    if (circuit.state === "open" && Date.parse(circuit.retry_at) < Date.now()) circuit.state = "half_open";
    return circuit;
  }

  tell(type, severity, key, title, more = {}) {
    const at = now();
    const rest = { detail: null, reason: null, run_id: null, request_id: null, data: {}, ...more };
    const incident = { incident_id: randomUUID(), type, severity, at, last_at: at, count: 1, key, title };
    this.incidents.unshift({ ...incident, actor: "operator", ...rest });
  }

  trip(provider) {
    this.tell("breaker_opened", "warning", `provider:${provider}`, `The circuit of ${provider} opened`);
    const retryAt = new Date(Date.now() + RECOVERY_MS).toISOString();
    const override = {
      kind: "forced_open",
      actor: "operator",
      reason: "from the console",
      expires_at: retryAt,
    };
    this.circuits.set(provider, {
      ...closedCircuit(),
      state: "open",
      failures: 5,
      opened_at: now(),
      retry_at: retryAt,
      override,
    });
  }

  reset(provider) {
    this.tell("breaker_closed", "info", `provider:${provider}`, `The circuit of ${provider} closed`);
    this.circuits.set(provider, closedCircuit());
  }

  setKillSwitch(target, { active, ttl_seconds: ttl, reason = null }) {
    const expires = ttl ? new Date(Date.now() + ttl * 1000).toISOString() : null;
    const entry = {
      target,
      active,
      reason,
      actor: "operator",
      since: active ? now() : null,
      expires_at: expires,
    };
    const title = `Kill switch of ${target} ${active ? "on" : "off"}`;
    this.tell("chaos", active ? "warning" : "info", target, title, { reason });
    if (active) this.killSwitches.set(target, entry);
    else this.killSwitches.delete(target);
    return entry;
  }

  thread(title) {
    const id = randomUUID();
    const thread = {
      thread_id: id,
      title,
      archived: false,
      created_at: now(),
      updated_at: now(),
      active_run_id: null,
    };
    this.threads.set(id, thread);
    return thread;
  }

  startRun({ input, thread_id: threadId, parent_message_id: parentId }) {
    const thread = this.threads.get(threadId) ?? this.thread(input.slice(0, 60));
    const own = this.messages.filter((message) => message.thread_id === thread.thread_id);
    const message = {
      message_id: randomUUID(),
      thread_id: thread.thread_id,
      parent_message_id: parentId === undefined ? (own.at(-1)?.message_id ?? null) : parentId,
      role: "user",
      text: input,
      run_id: null,
      created_at: now(),
      run: null,
    };
    const run = new Run(this, { input, threadId: thread.thread_id, inputMessageId: message.message_id });
    this.messages.push(message);
    this.runs.set(run.id, run);
    Object.assign(thread, { active_run_id: run.id, updated_at: now() });
    void run.play();
    return run;
  }

  recordAnswer(run) {
    this.threads.get(run.threadId).active_run_id = null;
    this.messages.push({
      message_id: run.messageId,
      thread_id: run.threadId,
      parent_message_id: run.inputMessageId,
      role: "assistant",
      text: run.text,
      run_id: run.id,
      created_at: now(),
      run: run.view(),
    });
  }

  dropLinks(runId) {
    for (const response of this.links.get(runId) ?? []) response.destroy();
  }
}

function closedCircuit() {
  return { state: "closed", failures: 0, opened_at: null, retry_at: null, override: null };
}
