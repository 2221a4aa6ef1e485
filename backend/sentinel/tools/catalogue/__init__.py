"""What servers say about their tools, made fit for use: read, capped, named, and pinned as it was first seen.

Above: `session`, which takes in the lists, and everybody who asks what a tool is. Below: `filters`. Knows no
connection.
"""
