"""`make cluster`: runs the whole topology on loopback until Ctrl-C; leaves nothing behind, even after `kill -9`."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

from scripts.cluster import topology
from scripts.cluster.processes import DidNotStartError
from scripts.cluster.topology import Cluster, Size, cluster_folder
from scripts.steps import say

_LOOK_SECONDS = 1.0
"""Between two looks for processes that have ended."""
_TOLD = 300
"""How many characters of what a process said at its end are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a cluster, say where it is, and stop it at a signal; 1 if it cannot be started."""
    options = _parser().parse_args(arguments)
    if not topology.can_run():
        say("cluster: this needs PostgreSQL from its wheel, which exists only for Python 3.11 to 3.13")
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with cluster_folder() as folder:
        cluster = Cluster(folder, Size(servers=options.servers, workers=options.workers, port=options.port))
        return _run(cluster, stop)


def _run(cluster: Cluster, stop: threading.Event) -> int:
    say("cluster: starting …")
    try:
        cluster.start()
        say(_addresses(cluster))
        while not stop.wait(_LOOK_SECONDS):
            _look_after(cluster)
        say("cluster: stopping …")
    except (DidNotStartError, TimeoutError) as error:
        say(f"cluster: {error}")
        return 1
    finally:
        cluster.stop()
    return 0


def _look_after(cluster: Cluster) -> None:
    try:
        for sentence in cluster.start_again():
            say(f"cluster: {sentence}")
    except (DidNotStartError, TimeoutError) as error:  # PostgreSQL, whose helpers may not have ended yet
        say(f"cluster: postgres could not be started again; trying once more: {str(error)[-_TOLD:]}")


def _addresses(cluster: Cluster) -> str:
    rows = [(machine.name, str(machine.program.pid), machine.url) for machine in cluster.machines]
    if cluster.postgres:
        rows.insert(0, ("postgres", str(cluster.postgres.program.pid), cluster.postgres.url(topology.DATABASE)))
    lines = [f"  {name:<12} {pid:>8}  {url}" for name, pid, url in rows]
    title = f"  {'machine':<12} {'process':>8}  address"
    return "\n".join([title, *lines, f"console and API: {cluster.proxy.url} (Ctrl-C stops; logs in {cluster.folder})"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.cluster", description=__doc__)
    parser.add_argument("--servers", type=int, default=2, help="number of `sentinel serve`")
    parser.add_argument("--workers", type=int, default=2, help="number of `sentinel worker`; 0: the servers work")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")), help="port of the proxy")
    return parser


if __name__ == "__main__":
    sys.exit(main())
