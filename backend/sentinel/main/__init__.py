"""The composition root: settings become stores, providers, tools, graph, services and the app. Nothing else joins them.

`services` puts everything together, `server` listens, `simulated` starts the simulated providers,
`announcing` says at the start what holds.
"""
