"""Which addresses may be fetched from, in every notation that somebody might try."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.public_addresses import AddressError, Gatekeeper, checked_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_an_address_of_this_machine_its_network_or_its_cloud_is_not_public(address: str) -> None:
    """However it is dressed up in IPv6."""
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(AddressError, match="not a public address"):
        Gatekeeper().check(address, 80)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """An IPv6 notation of one, too."""
    assert is_public(ipaddress.ip_address(address))
    Gatekeeper().check(address, 443)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_means_the_same_in_ipv6(address: ipaddress.IPv4Address) -> None:
    """No notation makes a private address a public one."""
    mapped = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    translated = ipaddress.IPv6Address(bytes.fromhex("0064ff9b") + b"\0" * 8 + address.packed)
    assert is_public(mapped) == is_public(address)
    assert is_public(translated) == is_public(address)


def test_low_ports_are_the_webs_or_nobodys() -> None:
    """A fetch is no way to talk to a mail server."""
    for port in (80, 443, 8080):
        Gatekeeper().check("1.1.1.1", port)
    for port in (0, 22, 25, 81):
        with pytest.raises(AddressError, match=f"port {port} "):
            Gatekeeper().check("1.1.1.1", port)


def test_an_operator_can_allow_a_network() -> None:
    """That one, and no other."""
    gatekeeper = Gatekeeper([ipaddress.ip_network("127.0.0.0/8")])
    gatekeeper.check("127.0.0.1", 81)
    with pytest.raises(AddressError):
        gatekeeper.check("10.0.0.1", 80)


def test_no_socket_is_made_for_a_forbidden_address() -> None:
    """The check and the connection are about the same address; a zone does not confuse it."""
    kinds = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    with pytest.raises(AddressError):
        Gatekeeper().socket((socket.AF_INET6, *kinds, ("fe80::1%eth0", 80, 0, 2)))
    with Gatekeeper().socket((socket.AF_INET, *kinds, ("1.1.1.1", 80))) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "http://",
        "http:///path",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://example.com@127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.01/",
        "http://127.0.0.0x1/",
        "http://0/",
        "http://example.com\\@127.0.0.1/",
        "http://exa mple.com/",
        "http://example.com/\r\nHost: other",
        "http://example.com:port/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://example.com/" + "x" * 2_000,
    ],
)
def test_a_url_that_programs_read_in_two_ways_is_refused(url: str) -> None:
    """Or that is none of the web's."""
    with pytest.raises(AddressError):
        checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "HTTPS://Example.com:8443/a?b=c",
        "http://1.1.1.1/",
        "http://[2606:4700::1111]/",
        "http://[::ffff:1.1.1.1]/",
    ],
)
def test_an_ordinary_url_is_let_through(url: str) -> None:
    """Its fragment is nobody's business."""
    assert checked_url(f"{url}#top").geturl().lower().rstrip("/") == url.lower().rstrip("/")
