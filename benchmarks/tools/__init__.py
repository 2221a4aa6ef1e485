"""What guarding costs a tool call, what `/mcp` costs it, how soon a dead server is back, what hostile ones can slow."""
