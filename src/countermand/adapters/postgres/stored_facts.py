"""How the log reads facts: a body as its bytes, an instant as microseconds, with no object made of either."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from countermand.kernel.clock import micros_of

# From where PostgreSQL counts.
_EPOCH_MICROS = micros_of(datetime(2000, 1, 1, tzinfo=UTC))


async def as_stored(connection: Any) -> None:
    """From now on this connection gives JSON as bytes, and instants as microseconds UTC since 1970.

    Instants are given to it as aware datetimes, as to any other.
    """
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=msgspec.json.encode, decoder=bytes
    )
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_sent, decoder=_read
    )


def _sent(moment: datetime) -> tuple[int]:
    return (micros_of(moment) - _EPOCH_MICROS,)


def _read(stored: tuple[int]) -> int:
    return stored[0] + _EPOCH_MICROS
