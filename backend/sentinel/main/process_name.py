"""How this process is called where several are told apart."""

import os
import socket


def process_name() -> str:
    """Give `host:pid`, for people; containers may all be process 1 of a host of one name."""
    return f"{socket.gethostname()}:{os.getpid()}"
