"""Servers at addresses, which end with the test that started them."""

from tests.acceptance.tools.addresses import start

__all__ = ["start"]
