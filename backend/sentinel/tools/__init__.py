"""MCP tools: one supervised session per server, one guard per tool, one registry for everybody who calls tools.

Above: the graph's tools node, the MCP gateway and the API. Below: `resilience` (circuits). From the top: `operators`
see and decide; `routing` finds who answers a call; `guard` (should this tool be called, and what became of the call?);
`session` (can the server be reached?); `catalogue` (what are its tools?) beside `transport` (how are it and we
connected?); `filters` on the messages between. All of them speak in the words of `config`, `call`, `outcome` and
`waiting`.
"""
