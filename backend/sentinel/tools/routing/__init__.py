"""From the name that a caller knows to the tool that answers: all servers and their tools, and who replaces whom.

Above: the graph's tools node and the MCP gateway, through `toolbox`, and `operators`. Below: a `guard` for each tool, a
`session` for each server. `toolbox` → `router` (what may follow a failure?) → `registry` (which tools are there?).
"""
