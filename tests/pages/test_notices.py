"""Goal: everybody can see whether things work, and what changed in what they were told; in plain words.

Method: the shipped notices in Chromium; a house whose parts fail one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from countermand.flows.public_status import PROOFS_LATE_MICROS, public_status
from countermand.intake.public_notices import read_public_notices
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError, Unavailable
from pages.looking import violations

NOTICE = """
id: {id}
version: {version}
kind: security
published: 2026-11-01
zh: {{title: 提醒, body: ["{zh}"]}}
en: {{title: Beware, body: ["{en}"]}}
"""


def test_notices_and_status_are_whole(visit: Any, language: str) -> None:
    """From the foot of any page: a notice, its versions, what changed between two; and that all works."""
    visit.goto("/check")
    visit.locator(".foot a[href='/notices']").click()
    assert violations(visit) == []
    visit.locator("a[href='/notices/privacy-terms']").click()
    assert violations(visit) == []
    visit.locator("a[href*='since=1']").click()
    added = {"en": "only the person who calls", "zh": "只有负责回电的人员"}[language]
    assert added in " ".join(visit.locator("ins").all_inner_texts())
    assert violations(visit) == []
    visit.goto("/status")
    assert visit.locator(".part").count() == 5
    assert visit.locator(".part .badge.stop").count() == 0
    assert violations(visit) == []
    for path in ("/notices/none", "/notices/privacy-terms?version=9", "/notices/privacy-terms?since=%3Cb%3E"):
        visit.goto(path)
        assert visit.locator(".problem a[href='/process']").count() == 1, path


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


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a-b.1.yaml": "id: ["}, "a-b.1"),
        ({"other.1.yaml": NOTICE.format(id="a-bc", version=1, zh="好。", en="Good.")}, "id.version"),
        ({"a-bc.2.yaml": NOTICE.format(id="a-bc", version=2, zh="好。", en="Good.")}, "missing"),
        ({"a-bc.1.yaml": NOTICE.format(id="a-bc", version=1, zh="特此通知。", en="Good.")}, "hides"),
        ({"a-bc.1.yaml": NOTICE.format(id="a-bc", version=1, zh="好。", en="We hereby tell you.")}, "hides"),
    ],
)
def test_a_notice_that_people_stumble_over_stops_the_start(files: dict[str, str], why: str) -> None:
    """Unreadable, misnamed, a version left out, or words that hide something."""
    with pytest.raises(SetupError, match=why):
        read_public_notices(files)
