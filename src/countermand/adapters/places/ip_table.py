"""Country, network and place of an IP address from two local tables; see docs/operate/settings.md."""

from __future__ import annotations

import csv
import ipaddress
from importlib import resources
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton

from countermand.adapters.places.ranges import Ranges32, Ranges128
from countermand.adapters.places.tables import TableRows, read_country_table, read_network_table
from countermand.vocabulary.places import NOWHERE, Place

CACHED_ADDRESSES_MAX = 131_072

# Addresses that are nobody's place (IANA special-purpose registries: RFC 6890, 5737, 6598, 3849, 4193,
# 2544, 7526). Some public tables give them a country all the same.
_SPECIAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "::/96",
    "100::/64",
    "2001:2::/48",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
]
_DOCUMENTATION = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"]

_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96, an IPv4 address in IPv6 clothes (RFC 4291)


class IpTable:
    """A country table and a network table, CSV or CSV.zst, in IPv4 and IPv6; either may be left out.

    Country rows are `start,end,ISO country[,latitude,longitude]`, network rows are
    `start,end,ASN[,organisation]`.
    A row without a place of its own gets its country's most populous city. Private addresses are nowhere,
    and so are those reserved for documentation unless `documentation_known` (the demo).

    Raises SetupError (`ip_table_missing`, `bad_ip_table`); the details name the file and the line.
    """

    def __init__(
        self,
        country_file: Path | None,
        asn_file: Path | None = None,
        *,
        documentation_known: bool = False,
        cached_addresses_max: int = CACHED_ADDRESSES_MAX,
    ) -> None:
        countries = read_country_table(country_file, _main_cities()) if country_file else TableRows()
        networks = read_network_table(asn_file) if asn_file else TableRows()
        self._places = countries.places
        self._countries32, self._countries128 = countries.ranges()
        self._networks32, self._networks128 = networks.ranges()
        self._special32, self._special128 = _special(documentation_known)
        # Two generations, each at most half of the bound: the older one is dropped whole when the younger
        # is full, so no look-up ever pays for keeping an order.
        self._generation_max = max(1, cached_addresses_max // 2)
        self._young: dict[str, Place] = {}
        self._old: dict[str, Place] = {}

    def locate(self, ip: str) -> Place:
        """The place of an address; every part that is not known is None. Never raises."""
        place = self._young.get(ip)
        if place is not None:
            return place
        place = self._old.get(ip)
        if place is None:
            place = self._search(ip)
        if len(self._young) >= self._generation_max:
            self._old, self._young = self._young, {}
        self._young[ip] = place
        return place

    def cached(self) -> int:
        """How many addresses are remembered right now."""
        return len(self._young) + len(self._old)

    def _search(self, ip: str) -> Place:
        try:
            number = int.from_bytes(inet_pton(AF_INET, ip))
        except (OSError, ValueError):
            return self._search_wide(ip)
        return self._found(self._special32, self._countries32, self._networks32, number)

    def _search_wide(self, ip: str) -> Place:
        try:
            number = int.from_bytes(inet_pton(AF_INET6, ip.partition("%")[0]))
        except (OSError, ValueError):
            return NOWHERE
        if number >> 32 == _MAPPED >> 32:
            number &= 0xFFFFFFFF
            return self._found(self._special32, self._countries32, self._networks32, number)
        return self._found(self._special128, self._countries128, self._networks128, number)

    def _found(
        self,
        special: Ranges32 | Ranges128,
        countries: Ranges32 | Ranges128,
        networks: Ranges32 | Ranges128,
        number: int,
    ) -> Place:
        if special.find(number) >= 0:
            return NOWHERE
        row = countries.find(number)
        asn = networks.find(number)
        if row < 0:
            return NOWHERE if asn < 0 else Place(asn=asn)
        country, latitude, longitude = self._places[row]
        return Place(country, None if asn < 0 else asn, latitude, longitude)


def demo_table() -> IpTable:
    """The demo's own small world on the documentation ranges (RFC 5737)."""
    with resources.as_file(resources.files(__package__).joinpath("demo_places.csv")) as file:
        return IpTable(file, documentation_known=True)


def _main_cities() -> dict[str, tuple[float, float]]:
    text = resources.files(__package__).joinpath("country_places.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["country"]: (float(row["latitude"]), float(row["longitude"])) for row in rows}


def _special(documentation_known: bool) -> tuple[Ranges32, Ranges128]:
    rows = TableRows()
    for text in _SPECIAL + ([] if documentation_known else _DOCUMENTATION):
        network = ipaddress.ip_network(text)
        rows.add(network.version, int(network[0]), int(network[-1]), 0)
    return rows.ranges()
