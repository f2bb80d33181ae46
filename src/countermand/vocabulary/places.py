"""Where an IP address is, as far as an offline source knows."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, gc=False):
    """The place of an address; every part may be unknown. Latitude and longitude are degrees."""

    country: str | None = None
    asn: int | None = None
    latitude: float | None = None
    longitude: float | None = None


NOWHERE = Place()
