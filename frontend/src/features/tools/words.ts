/** Servers, tools and capabilities in words, and the tone in which each is shown. */
import { formatCount, formatMoment } from "@/lib/time";
import { toolCausePhrase } from "@/lib/words/causes";
import { circuitWording, KILLED } from "@/lib/words/circuits";
import type { Tone, Wording } from "@/lib/words/providers";
import { sentence } from "@/lib/words/sentence";
import type { CapabilityMember, Tool, ToolChange, Tools, ToolServer } from "@/types/wire";

type Standing = Pick<ToolServer, "state" | "is_refused" | "last_cause">;

export function serverWording({ state, is_refused, last_cause }: Standing): Wording {
  if (state === "ready") return { word: "ready", tone: "ok" };
  if (is_refused) return { word: "key refused", tone: "bad" };
  if (state === "connecting") return { word: "connecting", tone: "warn" };
  return { word: last_cause === "hung" ? "hung" : "down", tone: "bad" };
}

/** What is known of a server, one fact each; what is not known is not said. */
export function serverFacts(server: ToolServer, now: Date): string[] {
  const { restarts, protocol_version: version, pid } = server;
  return [
    server.kind,
    server.kind === "stdio" ? programName(server.address) : server.address,
    ...(version ? [`MCP ${version} (${server.era})`] : []),
    ...(pid === null ? [] : [`pid ${pid}`]),
    server.trusted ? "trusted" : "not trusted",
    ...(restarts > 0 ? [`${formatCount(restarts)} ${restarts === 1 ? "restart" : "restarts"}`] : []),
    ...(server.state === "ready" ? [`ready since ${formatMoment(server.since, now)}`] : []),
  ];
}

/** The folder of a program is long and tells little. */
function programName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

const OBSTACLES: Record<string, Wording> = {
  quarantined: { word: "waiting for approval", tone: "warn" },
  kill_switch: { word: "switched off", tone: "bad" },
  circuit_open: { word: "circuit open", tone: "bad" },
  cooldown: { word: "paused", tone: "warn" },
  forbidden: { word: "not allowed", tone: "bad" },
  auth: { word: "key refused", tone: "bad" },
  connect: { word: "server not available", tone: "bad" },
};

/** One word for a tool: what the next call would meet. */
export function toolWording({ obstacle, circuit }: Pick<Tool, "obstacle" | "circuit">): Wording {
  if (obstacle) {
    return OBSTACLES[obstacle] ?? { word: obstacle.replaceAll("_", " "), tone: "bad" };
  }
  if (circuit.state === "closed") return { word: "ready", tone: "ok" };
  return { word: "on trial", tone: circuitWording("half_open").tone };
}

/** What keeps calls from a tool beside its circuit, as a sentence; null where nothing does. */
export function barredWords({
  obstacle,
  kill_switch,
}: Pick<Tool, "obstacle" | "kill_switch">): string | null {
  if (kill_switch) return KILLED;
  if (!obstacle || obstacle === "circuit_open") return null;
  const why =
    obstacle === "connect" ? "its server is not available" : `the tool ${toolCausePhrase(obstacle)}`;
  return `No calls are made now, whatever the state of the circuit: ${why}.`;
}

/** The state of a whole capability: who of its members would answer, and why the others would not. */
export function memberWords(member: CapabilityMember, isOffered: boolean): Wording {
  if (member.answers) return { word: "answers now", tone: "ok" };
  if (member.problem) return { word: `left out: ${member.problem}`, tone: "warn" };
  if (member.obstacle) return { word: toolCausePhrase(member.obstacle), tone: "bad" };
  return isOffered ? { word: "stands by", tone: "idle" } : { word: "not asked", tone: "idle" };
}

const MANY = 8;
const FIRST = 6;

/** Of many tools the first ones, the chosen one, and those that an operator or a failure has touched. */
export function shortened(tools: readonly Tool[], chosen: string | null): readonly Tool[] {
  if (tools.length <= MANY) return tools;
  return tools.filter((tool, place) => place < FIRST || tool.tool === chosen || isTouched(tool));
}

function isTouched(tool: Tool): boolean {
  return tool.is_quarantined || tool.kill_switch || tool.circuit.state !== "closed";
}

const SOURCES: Record<Tool["effect_source"], string> = {
  override: "Set in the configuration (tools.overrides).",
  annotations: "Declared by its server, which is trusted.",
  default: "No trusted source declares its effect, so the worst case is assumed.",
};

export function sourceWords(source: Tool["effect_source"]): string {
  return SOURCES[source];
}

/** `evaluate(expression: string, digits?: integer)` */
export function signature({ tool, arguments: given }: Pick<Tool, "tool" | "arguments">): string {
  const parts = given.map(
    ({ name, type, is_required }) => `${name}${is_required ? "" : "?"}${type ? `: ${type}` : ""}`,
  );
  return `${tool}(${parts.join(", ")})`;
}

const PARTS: Record<string, string> = {
  description: "Description",
  title: "Title",
  input_schema: "Arguments",
  output_schema: "Result",
  annotations: "Declared effect",
};

/** `input_schema/properties/path/type` as `Arguments › path › type`. */
export function changeTitle(what: string): string {
  const [part = "", ...rest] = what.split("/");
  const steps = rest.filter((step) => step !== "properties");
  return [PARTS[part] ?? sentence(part), ...steps].join(" › ");
}

export function changeKind({ before, after }: ToolChange): "added" | "removed" | "changed" {
  if (before === null) return "added";
  return after === null ? "removed" : "changed";
}

/** What an operator should look at, in one line for those who cannot see the colours move. */
export function summary({ servers }: Pick<Tools, "servers">): string {
  const ready = servers.filter(({ state }) => state === "ready").length;
  const waiting = waitingTools(servers).length;
  const counted = `${ready} of ${servers.length} ${servers.length === 1 ? "server" : "servers"} ready`;
  if (waiting === 0) return counted;
  return `${counted}; ${waiting} ${waiting === 1 ? "tool" : "tools"} waiting for approval`;
}

export function waitingTools(servers: readonly ToolServer[]): { server: string; tool: Tool }[] {
  return servers.flatMap(({ name, tools }) =>
    tools.filter(({ is_quarantined }) => is_quarantined).map((tool) => ({ server: name, tool })),
  );
}

export function rateWords(percent: number | null): string {
  if (percent === null) return "–";
  return `${percent === 100 ? "100" : percent.toFixed(1)}%`;
}

export const TONE_INK: Record<Tone, string> = {
  ok: "text-ok",
  warn: "text-warn",
  bad: "text-bad",
  idle: "text-ink-2",
  sim: "text-sim",
  accent: "text-accent",
};
