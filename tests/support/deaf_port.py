"""A port that answers nobody: a connection to it is neither accepted nor refused."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def a_deaf_port() -> Iterator[int]:
    """Give a port whose queue of connections is full, so that the system answers no further one."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for one in waiting:
                one.close()
