"""The MCP gateway: every guarded tool at one address, for agents outside."""
