"""Whether things work, as everybody may know it: asked now, in plain words, with nothing of the inside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, Protocol, TypeVar

from countermand.flows.log_ports import LogDesk
from countermand.flows.reception import Reception
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import CountermandError

Told = TypeVar("Told")
CLOCK = "clock"  # a check of which decisions are told only
WORKS, SLOW, DOWN = "works", "slow", "down"
ANSWER_SECONDS_MAX = 2.0
# Proofs are made within seconds; what waits for longer is late.
PROOFS_LATE_MICROS = 300 * MICROS_PER_SECOND


class Health(Protocol):
    """What must hold for decisions."""

    async def __call__(self) -> dict[str, bool]:
        """Each by name."""
        ...


class StatusHouse(Protocol):
    """What looking needs of the house."""

    @property
    def reception(self) -> Reception: ...

    @property
    def log(self) -> LogDesk: ...

    @property
    def readiness(self) -> Health: ...


class Part(NamedTuple):
    """A part as people know it (`report`, `payments`, `sign_in`, `messages`, `proofs`), and how it is."""

    name: str
    state: str


async def public_status(house: StatusHouse) -> tuple[Part, ...]:
    """How each part is at this moment; whatever does not answer in two seconds is down. Never raises."""
    checks = await _within(house.readiness()) or {}
    decides = all(good for name, good in checks.items() if name != CLOCK) and bool(checks)
    heard = await _within(_hears(house.reception)) or False
    proofs = await _within(_proofs(house)) or DOWN
    clock = checks.get(CLOCK, False)
    return (
        Part("report", WORKS if heard else DOWN),
        Part("payments", DOWN if not decides else WORKS if clock else SLOW),
        Part("sign_in", WORKS if heard else DOWN),
        Part("messages", DOWN if not heard else WORKS if clock else SLOW),
        Part("proofs", proofs),
    )


async def _hears(house: Reception) -> bool:
    """Whether what a report needs answers: the record is asked for a case that nobody has."""
    async with house.works.open() as unit:
        await unit.cases.by_number("000000000000")
    return True


async def _proofs(house: StatusHouse) -> str:
    standing = await house.log.standing()
    if standing.refused is not None:
        return SLOW
    waits = 0 if standing.oldest_at is None else house.reception.clock.now() - standing.oldest_at
    return SLOW if waits > PROOFS_LATE_MICROS else WORKS


async def _within(asked: Coroutine[Any, Any, Told]) -> Told | None:
    """Its answer, None where there is none in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await asked
    except (CountermandError, OSError, TimeoutError):
        return None
