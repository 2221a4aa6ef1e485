/**
 * The shapes of the HTTP API as the server sends them (snake_case end to end), by the
 * names that the console uses. They come from the server's own schema; see `npm run types`.
 */
import type { components } from "@/types/api";

type Schemas = components["schemas"];

export type Problem = Pick<Schemas["ProblemView"], "type" | "title" | "status" | "detail" | "code"> & {
  trace_id?: string | null;
};
export type Usage = Schemas["UsageView"];
export type Attempt = Schemas["AttemptView"];
export type Outcome = Attempt["class"];
export type ToolCall = Schemas["ToolCallView"];
export type ToolAttempt = Schemas["ToolAttemptView"];

export type Run = Schemas["RunView"];
export type RunStatus = Schemas["RunStatus"];
export type RunRequest = Schemas["RunRequest"];
export type RunAccepted = Schemas["RunAccepted"];

export type Thread = Schemas["ThreadView"];
export type ThreadPage = Schemas["ThreadPage"];
export type Message = Schemas["MessageView"];
export type MessageList = Schemas["MessageList"];

export type Info = Schemas["InfoView"];
export type ProviderStatus = Schemas["ProviderStatusView"];
export type ProvidersStatus = Record<string, ProviderStatus>;
export type ProviderHealth = ProviderStatus["status"];
export type ProviderCircuit = Schemas["ProviderCircuitView"];
export type CircuitState = ProviderCircuit["state"];

export type Breaker = Schemas["BreakerView"];
export type BreakerList = Schemas["BreakerList"];
export type BreakerOverride = Schemas["OverrideView"];
export type BreakerCommand = Schemas["BreakerRequest"];
export type KillSwitch = Schemas["KillSwitchView"];
export type KillSwitchCommand = Schemas["KillSwitchRequest"];
export type Chaos = Schemas["ChaosView"];

export type Incident = Schemas["IncidentView"];
export type IncidentType = Incident["type"];
export type IncidentPage = Schemas["IncidentPage"];

export type Tools = Schemas["ToolsView"];
export type ToolServer = Schemas["ToolServerView"];
export type Tool = Schemas["ToolView"];
export type ToolChange = Schemas["ToolChangeView"];
export type Capability = Schemas["CapabilityView"];
export type CapabilityMember = Schemas["CapabilityMemberView"];
export type ToolCallRecord = Schemas["ToolCallRecordView"];
export type ToolCallPage = Schemas["ToolCallPage"];
