/** Causes of failures in plain words, so that chips, status lines and receipts say the same. */

/** Each phrase continues a sentence that begins with the name of the target. */
const PHRASES: Record<string, string> = {
  // A target that was passed over.
  kill_switch: "is switched off by its kill switch",
  circuit_open: "is resting: its circuit is open",
  cooldown: "asked for a pause that is not over",
  latched: "has a key or a model that was refused",
  bulkhead_full: "is at its limit of parallel calls",
  // A target that could not be reached.
  connection_refused: "refused the connection",
  dns_failure: "was not found by its name",
  tls_failure: "could not be reached over TLS",
  connection_lost: "dropped the connection",
  stale_connection: "had closed a connection that was kept for it",
  connect_timeout: "could not be reached in time",
  pool_timeout: "had no free connection on our side",
  // A target that was too slow.
  first_token_timeout: "sent no first word in time",
  read_timeout: "did not answer in time",
  request_timeout: "did not answer in time",
  stall: "stopped in mid-answer",
  // A target that answered badly.
  server_error: "had an internal error",
  overloaded: "is overloaded",
  truncated: "ended its answer too early",
  malformed_frame: "sent something unreadable",
  not_json: "sent something unreadable",
  unreadable: "sent something unreadable",
  empty_answer: "answered with nothing",
  bad_tool_json: "wrote a tool call that cannot be read",
  bad_generation: "failed to write an answer",
  seam_diverged: "wrote something else instead of going on",
  // A target that refused.
  rate_limit: "asked us to slow down",
  auth: "rejected the key",
  caller_auth: "rejected the caller's key",
  quota: "has no quota left",
  unknown_model: "does not know the model",
  bad_request: "rejected the request",
  conflict: "was busy with something else",
  unsupported: "cannot be asked for this",
  usage_refused: "does not count the tokens of a stream",
  prefill_refused: "does not go on with a partial answer",
  context_length: "cannot take a conversation this long",
  content_filter: "declined by its content filter",
  // Our own doing.
  deadline_exceeded: "ran out of time",
  cancelled: "was stopped",
  hedge_lost: "was slower than the other target that was asked",
  loop_lag: "was cut off because this server stood still",
  interrupted: "was interrupted: the process that worked on it ended",
};

/** Each phrase continues a sentence that begins with "The tool". */
const TOOL_PHRASES: Record<string, string> = {
  tool_error: "says that it failed",
  timeout: "did not answer in time",
  hung: "hangs: its server gives no sign of life",
  transport: "went away during the call",
  connect: "is not there",
  session_expired: "had restarted and forgotten the session",
  oversize: "sent a result that is too large",
  malformed: "sent something that is no result",
  bad_result: "gave a result that is not what it promises",
  server_error: "had an internal error",
  throttled: "asked us to slow down",
  auth: "rejected our credential",
  forbidden: "may not be used with our credential",
  invalid_arguments: "refused the arguments",
  protocol: "does not speak the agreed protocol",
  needs_input: "asked for something that only a person can give",
  unknown_tool: "does not exist",
  quarantined: "is new or has changed, and waits for an approval",
  circuit_open: "is resting: its circuit is open",
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
