"""Goal: what does not work is said as people meet it, at once, and nothing of the inside is told.

Method: a house whose parts fail one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from countermand.flows.public_status import PROOFS_LATE_MICROS, public_status
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import Unavailable


@dataclass
class Ailing:
    """A house as the status looks at it; each part can be taken away."""

    checks: dict[str, bool] = field(default_factory=lambda: {"database": True, "epoch": True, "clock": True})
    away: bool = False
    refused: str | None = None
    oldest_at: int | None = None

    async def readiness(self) -> dict[str, bool]:
        """What must hold."""
        return self.checks

    @property
    def reception(self) -> Any:
        """Where reports come in."""
        return SimpleNamespace(works=self, clock=ManualClock(PROOFS_LATE_MICROS * 10))

    @property
    def log(self) -> Any:
        """The log."""

        async def standing() -> Any:
            return SimpleNamespace(refused=self.refused, oldest_at=self.oldest_at)

        return SimpleNamespace(standing=standing)

    def open(self) -> Any:
        """A unit, unless the database is away."""
        if self.away:
            raise Unavailable("database_away", "Away.", "不可用。")
        return self

    async def __aenter__(self) -> Any:
        async def by_number(_number: str) -> None:
            return None

        return SimpleNamespace(cases=SimpleNamespace(by_number=by_number))

    async def __aexit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(
    ("house", "ailing"),
    [
        (Ailing(), {}),
        (Ailing(away=True), {"report": "down", "sign_in": "down", "messages": "down"}),
        (Ailing(checks={"database": True, "epoch": False, "clock": True}), {"payments": "down"}),
        (Ailing(checks={}), {"payments": "down", "messages": "slow"}),
        (
            Ailing(checks={"database": True, "epoch": True, "clock": False}),
            {"payments": "slow", "messages": "slow"},
        ),
        (Ailing(refused="no_key"), {"proofs": "slow"}),
        (Ailing(oldest_at=1), {"proofs": "slow"}),
    ],
)
async def test_each_ailment_is_told_as_what_people_meet(house: Any, ailing: dict[str, str]) -> None:
    """What does not work is said by its name for people; nothing of the inside is told."""
    found = {one.name: one.state for one in await public_status(house)}
    assert {name: state for name, state in found.items() if state != "works"} == ailing
