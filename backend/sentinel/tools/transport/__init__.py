"""How messages get to a server and back, over a process's pipes or HTTP, so that a fault there ends one call at most.

Above: `session`, which knows the faults; `routing`, which chooses the transport. Below: `filters`.
"""
