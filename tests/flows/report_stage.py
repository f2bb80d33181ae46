"""A stage for reports: a reader that knows a few words, and a report in one line."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from countermand.flows.house import House
from countermand.flows.public_door import PublicDoor
from countermand.flows.reception import Reception
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.reports import Channel, Report, Sender, Standing
from flows.stage import NOON, house_on

_numbers = itertools.count(1)


@asynccontextmanager
async def reporting_house(dsn: str, clock: ManualClock, folder: Path) -> AsyncIterator[House]:
    """A house with a vault of its own and the product's reader."""
    async with house_on(dsn, clock, vault_key_file=folder / "vault.key") as opened:
        yield opened


def said(text: str, standing: Standing = Standing.PROVEN, **more: Any) -> Report:
    """Somebody says something in the app, about account a-1 unless told otherwise."""
    given: dict[str, Any] = {
        "channel": Channel.APP,
        "key": f"key-{next(_numbers)}",
        "received_at": NOON,
        "raw": text.encode(),
        "text": text,
        "sender": Sender(standing=standing),
        "account": "a-1",
    }
    return Report(**{**given, **more})


def with_digits(house: House, *numbers: str) -> tuple[Reception, PublicDoor]:
    """The same reception, which draws these numbers next."""
    drawn = iter(numbers)
    reception = replace(house.reception, draw_digits=lambda _count: next(drawn))
    return reception, replace(house.public_door, reception=reception)
