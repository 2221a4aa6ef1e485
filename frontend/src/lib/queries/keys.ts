/** The names of everything cached from the server, in one place so that invalidation cannot miss. */
export const queryKeys = {
  info: ["info"],
  providers: ["providers"],
  breakers: ["breakers"],
  chaos: ["chaos"],
  incidents: (type: string | null, since: string | null) => ["incidents", type, since],
  tools: ["tools"],
  toolCalls: (filter: object) => ["tool-calls", filter],
  threads: ["threads"],
  threadList: (search: string) => ["threads", "list", search],
  thread: (threadId: string) => ["threads", "one", threadId],
  messages: (threadId: string) => ["messages", threadId],
} as const;
