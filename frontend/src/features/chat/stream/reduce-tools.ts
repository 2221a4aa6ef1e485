/** The part of `reduce` that is about tools: begun, handed on to an equivalent one, ended. Pure like the rest. */
import { doing, type Doing, type RunState, type ToolView } from "@/features/chat/stream/run-state";
import { toolName } from "@/lib/words/tools";
import type { StatusEvent } from "@/types/events";

export function startTool(state: RunState, event: StatusEvent): RunState {
  const call: ToolView = {
    tool_call_id: event.tool_call_id ?? `seq-${event.seq}`,
    server: event.server ?? "",
    tool: event.tool ?? "",
    arguments: event.arguments ?? {},
    result: null,
    is_error: false,
    cause: null,
    duration_ms: null,
    capability: event.capability ?? null,
    effect: event.effect ?? null,
    executed: null,
    attempts: [],
    started_at: event.at,
    ended_at: null,
    state: "running",
  };
  const others = state.tools.filter((tool) => tool.tool_call_id !== call.tool_call_id);
  return {
    ...doing(state, { kind: "tool", at: event.at, tool: call.tool, server: call.server }),
    tools: [...others, call],
  };
}

/** The tool that was asked is out, and an equivalent one is asked in its stead. */
export function fallBack(state: RunState, event: StatusEvent): RunState {
  const { server = "", tool = "", cause = null, next = null } = event;
  const [nextServer = "", nextTool = ""] = (next ?? "").split(/\/(.*)/s);
  const tried = { server, tool, cause, executed: null, duration_ms: null };
  const tools = state.tools.map((call) =>
    call.tool_call_id === event.tool_call_id
      ? { ...call, server: nextServer, tool: nextTool, attempts: [...call.attempts, tried] }
      : call,
  );
  const failed = toolName({ server, tool });
  return { ...doing(state, { kind: "tool_fallback", at: event.at, failed, cause, next: next ?? "" }), tools };
}

export function endTool(state: RunState, event: StatusEvent, outcome: "finished" | "failed"): RunState {
  const known = state.tools.some((tool) => tool.tool_call_id === event.tool_call_id);
  const from = known ? state : startTool(state, event);
  const tools = from.tools.map((tool) =>
    tool.tool_call_id === event.tool_call_id
      ? {
          ...tool,
          server: event.server ?? tool.server,
          tool: event.tool ?? tool.tool,
          ...toolEnding(event, outcome),
        }
      : tool,
  );
  const running = tools.find((tool) => tool.state === "running");
  const what: Doing = running
    ? { kind: "tool", at: running.started_at, tool: running.tool, server: running.server }
    : { kind: "tool_done", at: event.at, tool: event.tool ?? "" };
  return { ...doing(from, what), tools };
}

function toolEnding(event: StatusEvent, outcome: "finished" | "failed"): Partial<ToolView> {
  return {
    state: outcome,
    is_error: outcome === "failed",
    result: event.result ?? event.detail ?? null,
    cause: event.cause ?? null,
    duration_ms: event.duration_ms ?? null,
    executed: event.executed ?? null,
    ended_at: event.at,
    ...(event.effect ? { effect: event.effect } : {}),
    ...(event.attempts ? { attempts: event.attempts } : {}),
  };
}

export function endDangling(tool: ToolView, at: string): ToolView {
  return tool.state === "running" ? { ...tool, state: "failed", cause: "interrupted", ended_at: at } : tool;
}
