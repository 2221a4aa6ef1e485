"""What is altered in messages on their way from a transport to the SDK's client: capped, masked, marked.

Above: `transport`, and `session`, which puts the filters between. Below: nothing of ours for tools.
"""
