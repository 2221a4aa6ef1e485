/** Causes of failures in plain words, so that chips, status lines and receipts say the same. */

/** Each phrase continues a sentence that begins with the name of the target. */
const PHRASES: Record<string, string> = {
  // A target that was passed over.
  kill_switch: "is switched off by its kill switch",
  circuit_open: "is paused: its circuit is open",
  cooldown: "asked for a pause that is not over yet",
  latched: "refused the key or the model earlier",
  bulkhead_full: "is at its limit of concurrent calls",
  // A target that could not be reached.
  connection_refused: "refused the connection",
  dns_failure: "has a host name that could not be resolved",
  tls_failure: "could not be reached over TLS",
  connection_lost: "dropped the connection",
  stale_connection: "closed a connection that was kept open for it",
  connect_timeout: "could not be reached in time",
  pool_timeout: "could not be called: no connection was free on our side",
  // A target that was too slow.
  first_token_timeout: "did not send its first word in time",
  read_timeout: "did not answer in time",
  request_timeout: "did not answer in time",
  stall: "stopped in the middle of its answer",
  // A target that answered badly.
  server_error: "had an internal error",
  overloaded: "is overloaded",
  truncated: "ended its answer too early",
  malformed_frame: "sent something unreadable",
  not_json: "sent something unreadable",
  unreadable: "sent something unreadable",
  empty_answer: "sent an empty answer",
  bad_tool_json: "wrote an unreadable tool call",
  bad_generation: "failed to generate an answer",
  seam_diverged: "did not continue the text but wrote something else",
  // A target that refused.
  rate_limit: "asked us to slow down",
  auth: "rejected the key",
  caller_auth: "rejected the caller's key",
  quota: "has run out of quota",
  unknown_model: "does not know the model",
  bad_request: "rejected the request",
  conflict: "reported a conflict",
  unsupported: "does not support this request",
  usage_refused: "does not report the token usage of a stream",
  prefill_refused: "does not continue partial answers",
  context_length: "cannot handle a conversation this long",
  content_filter: "declined by its content filter",
  // Our own doing.
  deadline_exceeded: "ran out of time",
  cancelled: "was stopped",
  hedge_lost: "was slower than the other target that was asked",
  loop_lag: "was cut off because this server was stalled",
  interrupted: "was interrupted: the process that worked on it ended",
};

/** Each phrase continues a sentence that begins with "The tool". */
const TOOL_PHRASES: Record<string, string> = {
  tool_error: "reported a failure",
  timeout: "did not answer in time",
  hung: "hangs: its server does not respond",
  transport: "disappeared during the call",
  connect: "is not available",
  session_expired: "lost the session when it restarted",
  oversize: "sent a result that is too large",
  malformed: "sent something that is not a result",
  bad_result: "returned a result that does not match its schema",
  server_error: "had an internal error",
  throttled: "asked us to slow down",
  auth: "rejected our credentials",
  forbidden: "is not allowed with our credentials",
  invalid_arguments: "refused the arguments",
  protocol: "does not follow the agreed protocol",
  needs_input: "asked for input that only a person can give",
  unknown_tool: "does not exist",
  quarantined: "is new or has changed, and is waiting for approval",
  circuit_open: "is paused: its circuit is open",
  budget: "was not called: the run has used up its tool calls",
  misconfigured: "is not set up correctly",
  interrupted: "was interrupted: the process that worked on it ended",
};

/** Say a cause as the end of a sentence about its target. Unknown causes stay readable. */
export function causePhrase(cause: string | null | undefined): string {
  if (!cause) return "failed";
  const known = PHRASES[cause];
  if (known) return known;
  const status = /^(?:http|status)_(\d{3})$/.exec(cause)?.[1];
  return status ? `answered with HTTP ${status}` : `failed (${cause.replaceAll("_", " ")})`;
}

/** The same for the cause of a tool call. */
export function toolCausePhrase(cause: string | null | undefined): string {
  return TOOL_PHRASES[cause ?? ""] ?? causePhrase(cause);
}

/** `because simulated-primary refused the connection` */
export function becauseOf(provider: string, cause: string | null | undefined): string {
  return `because ${provider} ${causePhrase(cause)}`;
}
