"""Which addresses a fetch may reach: public ones, and those that an operator allowed by name.

`Gatekeeper.socket` is asked for the socket of every connection with the very address that is then connected to. A name
that resolves to something else a moment later, a number written in octal, or a redirect thus gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from mcp_servers.plain_text import echo

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL: Final = 2_000
_PORTS: Final = frozenset({80, 443})
_FIRST_FREE_PORT: Final = 1024
# Public by number, but answered by the cloud the machine runs in.
_METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CANONICAL_IPV4: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_LAST_LABEL_IS_NUMBER: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?$")
_UNWANTED: Final = re.compile(r"[\x00-\x20\x7f\\]")


class AddressError(OSError):
    """An address or a URL that may not be fetched; the message says why. An OSError, as a failed connection is one."""


def embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large: not to this machine, this network or the cloud around it."""
    real = embedded(address)
    if real in _METADATA or real.is_multicast or real.is_reserved or real.is_unspecified:
        return False
    is_site_local = isinstance(real, ipaddress.IPv6Address) and real.is_site_local
    return real.is_global and not is_site_local


def checked_url(text: str) -> SplitResult:
    """Return a URL in its parts.

    Raises:
        AddressError: it is no http(s) URL, or is written so that programs disagree on where it leads.
    """
    if len(text) > MAX_URL or _UNWANTED.search(text):
        message = f"{echo(text)} is not a URL of at most {MAX_URL} characters without spaces and backslashes"
        raise AddressError(message)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port  # a port that is no number raises
    except ValueError as exc:
        message = f"{echo(text)} is not a URL"
        raise AddressError(message) from exc
    if parts.scheme.lower() not in {"http", "https"} or not host:
        message = f"{echo(text)} is not an http or https URL"
        raise AddressError(message)
    if "@" in parts.netloc:
        message = "a URL with a user name or a password is not fetched"
        raise AddressError(message)
    if ":" not in host and _LAST_LABEL_IS_NUMBER.search(host) and not _CANONICAL_IPV4.fullmatch(host):
        message = f"{echo(host)} is not an address in plain notation"
        raise AddressError(message)
    return parts._replace(fragment="")


class Gatekeeper:
    """Decides on every single connection; `allowed` are networks that may be reached although they are not public."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def check(self, host: str, port: int) -> None:
        """Let an address pass, or not.

        Raises:
            AddressError: it is not public and not allowed, or a port that is none of the web's.
        """
        address = ipaddress.ip_address(host.partition("%")[0])
        if any(address in network for network in self._allowed):
            return
        if not is_public(address):
            message = f"{address} is not a public address, and only those are fetched from"
            raise AddressError(message)
        if port not in _PORTS and port < _FIRST_FREE_PORT:
            message = f"port {port} is not one that pages are fetched from"
            raise AddressError(message)

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Make the socket for one connection; the argument is one result of `getaddrinfo`.

        Raises:
            AddressError: its address may not be reached.
        """
        family, kind, protocol, _, place = address
        self.check(str(place[0]), int(place[1]))
        return socket.socket(family=family, type=kind, proto=protocol)
