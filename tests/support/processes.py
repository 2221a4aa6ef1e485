"""The programs under test, as every helper of the tests gets them."""

from scripts.cluster.processes import Program, free_port, wait_until

__all__ = ["Program", "free_port", "wait_until"]
