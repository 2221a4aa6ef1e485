"""The gateway benchmark: the same requests through Sentinel and its peers, side by side, in interleaved rounds.

`python -m benchmarks.gateway --help`. Every part is a process of its own: the load generator (`_load`), the mock
provider (`upstream`) and the gateways (`contestants`). `rounds` loads one after the other, `failover` breaks the
provider, `report` prints.
"""
