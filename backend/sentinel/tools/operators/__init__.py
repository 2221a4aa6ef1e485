"""What operators see of servers, tools and capabilities, and what they may do about them.

Above: the API and the composition root. Below: `routing`, and what it stands on.
"""
