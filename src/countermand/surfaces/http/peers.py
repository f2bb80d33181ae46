"""Where a request comes from: the peer's address, or the one that a proxy we trust names."""

from __future__ import annotations

import ipaddress
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_IPV6_PREFIX = 64


def address_of(request: Any, trusted: tuple[Network, ...]) -> str:
    """The network that limits count by: an IPv4 address, or the /64 of an IPv6 one; `unknown` of neither.

    `X-Forwarded-For` is read from its right end, for as long as a trusted proxy has written it.
    """
    client = request.client
    named = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    address = "" if client is None else client.host
    while named and is_in(address, trusted):
        address = named.pop()
    return _network(address)


def is_in(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of these networks; what is no address is in none."""
    try:
        plain = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(plain in network for network in networks)


def _network(address: str) -> str:
    try:
        plain = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(plain, ipaddress.IPv6Address):
        if plain.ipv4_mapped is not None:
            return str(plain.ipv4_mapped)
        return str(ipaddress.ip_network((plain, _IPV6_PREFIX), strict=False))
    return str(plain)
