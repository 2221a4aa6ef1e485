"""One call to one tool, kept from harming its caller, and what is remembered of the tool between its calls.

Above: `routing`, which makes a guard for each tool. Below: the `session` over which a call goes.
"""
