/** Small makers of what the server sends, with everything healthy unless a test says otherwise. */
import type {
  Breaker,
  Capability,
  CapabilityMember,
  Chaos,
  Incident,
  Info,
  KillSwitch,
  Message,
  ProviderStatus,
  Run,
  Thread,
  Tool,
  ToolCall,
  ToolCallRecord,
  ToolServer,
} from "@/types/wire";

const AT = "2026-11-20T09:00:00.000Z";

export function provider(changes: Partial<ProviderStatus> = {}): ProviderStatus {
  return {
    status: "healthy",
    latency_ms: 40,
    ttft_p50_ms: 350,
    success_rate_pct: 100,
    last_probe_at: null,
    last_attempt_at: null,
    predicted_ttft_ms: null,
    circuit_breaker: {
      state: "closed",
      failures: 0,
      opened_at: null,
      retry_at: null,
      override: null,
      open_elsewhere: 0,
    },
    kill_switch: false,
    cooldown_until: null,
    kind: "openai",
    simulated: true,
    tier: "primary",
    models: ["sim-large"],
    ...changes,
  };
}

export function info(changes: Partial<Info> = {}): Info {
  return {
    version: "0.1.0",
    environment: "development",
    simulated: true,
    chaos_enabled: true,
    routes: [
      {
        name: "default",
        targets: ["simulated-primary/sim-large", "simulated-fallback/sim-small"],
        policy: "ordered",
        midstream: "continue",
      },
    ],
    limits: { max_input_chars: 100 },
    ...changes,
  };
}

export function chaos(changes: Partial<Chaos> = {}): Chaos {
  return { enabled: true, halted: false, kill_switches: [], faults: [], fault_kinds: [], ...changes };
}

export function killSwitch(changes: Partial<KillSwitch> = {}): KillSwitch {
  return {
    target: "simulated-primary",
    active: true,
    reason: null,
    actor: "operator",
    since: AT,
    expires_at: null,
    ...changes,
  };
}

export function breaker(changes: Partial<Breaker> = {}): Breaker {
  return {
    key: "provider:simulated-primary",
    state: "closed",
    failures: 0,
    successes: 0,
    consecutive_failures: 0,
    opened_at: null,
    retry_at: null,
    override: null,
    rule: null,
    reason: null,
    ...changes,
  };
}

export function incident(changes: Partial<Incident> = {}): Incident {
  return {
    incident_id: "i1",
    type: "breaker_opened",
    severity: "warning",
    at: AT,
    last_at: AT,
    count: 1,
    key: "provider:simulated-primary",
    title: "The circuit of simulated-primary opened",
    detail: "too many calls failed in a row",
    actor: null,
    reason: null,
    run_id: null,
    request_id: null,
    data: {},
    ...changes,
  };
}

export function thread(changes: Partial<Thread> = {}): Thread {
  return {
    thread_id: "t1",
    title: "Circuit breakers",
    archived: false,
    created_at: AT,
    updated_at: AT,
    active_run_id: null,
    ...changes,
  };
}

export function message(changes: Partial<Message> = {}): Message {
  return {
    message_id: "m1",
    thread_id: "t1",
    parent_message_id: null,
    role: "user",
    text: "Hello?",
    run_id: null,
    created_at: AT,
    run: null,
    ...changes,
  };
}

export function run(changes: Partial<Run> = {}): Run {
  return {
    run_id: "r1",
    thread_id: "t1",
    status: "completed",
    route: "default",
    mode: "auto",
    provider: "simulated-primary",
    model: "sim-large",
    finish_reason: "stop",
    usage: { input_tokens: 10, output_tokens: 20, total_tokens: 30, estimated: false },
    cost_usd: null,
    ttft_ms: 120,
    latency_ms: 2100,
    failover_occurred: false,
    failover_chain: ["simulated-primary/sim-large"],
    attempts: [],
    tool_calls: [],
    error: null,
    input_message_id: "m1",
    message_id: "m2",
    recovered: 0,
    created_at: AT,
    started_at: AT,
    ended_at: AT,
    events_url: "/api/runs/r1/events",
    ...changes,
  };
}

export function tool(changes: Partial<Tool> = {}): Tool {
  const name = changes.tool ?? "evaluate";
  const key = changes.key ?? `tool:calculator/${name}`;
  return {
    name: `calculator__${name}`,
    tool: name,
    key,
    description: "Calculate an expression.",
    arguments: [{ name: "expression", type: "string", is_required: true }],
    effect: "read_only",
    effect_source: "annotations",
    is_quarantined: false,
    is_withheld: false,
    digest: "d1",
    pin: { digest: "d1", first_seen_at: AT, changed_at: AT, approved_at: null, approved_by: null },
    changes: null,
    circuit: breaker({ key }),
    kill_switch: false,
    obstacle: null,
    paused_seconds: 0,
    calls: 0,
    failures: 0,
    unsent: 0,
    caller_errors: 0,
    tool_errors: 0,
    success_rate_pct: null,
    latency_p50_ms: null,
    latency_p95_ms: null,
    last_failure: null,
    capabilities: [],
    ...changes,
  };
}

export function toolServer(changes: Partial<ToolServer> = {}): ToolServer {
  return {
    name: "calculator",
    state: "ready",
    since: AT,
    kind: "stdio",
    address: "/opt/venv/bin/python",
    pid: 42,
    era: "modern",
    protocol_version: "2026-07-28",
    trusted: true,
    pinned: true,
    is_refused: false,
    sessions: 1,
    restarts: 0,
    last_error: null,
    last_cause: null,
    last_error_at: null,
    retry_at: null,
    tools: [tool()],
    left_out: [],
    ...changes,
  };
}

export function member(changes: Partial<CapabilityMember> = {}): CapabilityMember {
  return {
    server: "calculator",
    tool: "evaluate",
    is_usable: true,
    problem: null,
    obstacle: null,
    answers: false,
    ...changes,
  };
}

export function capability(changes: Partial<Capability> = {}): Capability {
  return {
    name: "calculate",
    description: "Calculate an expression.",
    effect: "read_only",
    is_offered: true,
    refusal: null,
    members: [member({ answers: true })],
    ...changes,
  };
}

export function toolCall(changes: Partial<ToolCall> = {}): ToolCall {
  return {
    tool_call_id: "c1",
    server: "calculator",
    tool: "evaluate",
    arguments: { expression: "6*7" },
    result: "42",
    is_error: false,
    cause: null,
    duration_ms: 12,
    capability: null,
    effect: "read_only",
    executed: "yes",
    attempts: [{ server: "calculator", tool: "evaluate", cause: null, executed: "yes", duration_ms: 12 }],
    started_at: AT,
    ended_at: AT,
    ...changes,
  };
}

export function toolCallRecord(changes: Partial<ToolCallRecord> = {}): ToolCallRecord {
  return {
    ...toolCall(),
    call_id: "r1/1",
    run_id: "r1",
    thread_id: "t1",
    caller: null,
    result_chars: null,
    ...changes,
  };
}
