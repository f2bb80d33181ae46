"""Goal: the score of an account is that of its state now, and the map of its data what was recorded.

Method: a customer with all they prove with, on real PostgreSQL with a manual clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.check_account import check_account
from countermand.flows.contain_now import contain_now
from countermand.flows.keep_devices import say_all_mine
from countermand.flows.keep_own_limits import put_limit
from countermand.flows.show_own_data import looks_at, show_own_data
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.surfaces.web.mine.ways import password_age_days
from countermand.vocabulary.incidents import ContainRequest, Preset
from countermand.vocabulary.operations import Amount
from flows.challenge_stage import Stage, agree, stage_on


@pytest.fixture
async def stage(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    """A customer who proves with five things."""
    async with stage_on(database_dsn, tables, tmp_path) as opened:
        await opened.settle_in()
        yield opened


async def ill(stage: Stage, account: str = "a-1") -> set[str]:
    """What the check-up says could be mended."""
    found = await check_account(stage.house, account)
    return {one.id for one in found.items if one.well is False}


async def test_the_score_follows_the_account(stage: Stage) -> None:
    """From nothing at all to a hundred, and down again by time, an unanswered question and a containment."""
    nothing = await check_account(stage.house, "a-none")
    assert await ill(stage, "a-none") == {"second_factor", "passkey", "reachable", "devices", "limit"}
    assert await ill(stage) == {"devices", "limit"}
    await put_limit(stage.house.holders, "a-1", Amount(1_000_000, "CNY"), None, "x")
    await say_all_mine(stage.house.devices, "a-1", "x")
    whole = await check_account(stage.house, "a-1")
    assert (nothing.score < whole.score, whole.score) == (True, 100)
    stage.clock.advance(91 * MICROS_PER_DAY)
    assert await ill(stage) == {"devices"}
    stage.clock.advance(300 * MICROS_PER_DAY)
    assert await ill(stage) == {"devices", "password"}
    await stage.held()
    assert "waiting" in await ill(stage)
    request = ContainRequest(account="a-1", preset=Preset.OUTGOING, reason="not me")
    await contain_now(stage.house, request, "key", "x")
    assert "contained" in await ill(stage)
    assert "waiting" not in await ill(stage), "what waited was taken back"


async def test_the_map_counts_what_was_recorded(stage: Stage) -> None:
    """Operations and consents, with whom they name; a case that nobody looked at has no looks."""
    empty = await show_own_data(stage.house, "a-none")
    assert ([one.records for one in empty.flows], empty.recipients) == ([0, 0, 0], [])
    for _ in range(3):
        await stage.held()
    await agree(stage.house, "a-1", "sharing", {"recipient": "Bureau One", "data": "x", "use": "y"})
    data = await show_own_data(stage.house, "a-1")
    assert (data.flows[0].records, data.recipients) == (3, ["Bureau One"])
    states = {one.use.id: one.state for one in data.uses}
    assert (states["sharing"], states["profiling"], states["security"]) == ("given", "none", None)
    assert await looks_at(stage.house, "a-1") == []


@pytest.mark.parametrize(("days", "age"), [([], None), ([3], 3), ([400, 2], 2)])
def test_the_newest_password_counts(days: list[int], age: int | None) -> None:
    """An account without one has no age."""
    now = 2_000_000_000_000_000
    ways = [{"method": "password", "created_at": rfc3339(now - one * MICROS_PER_DAY)} for one in days]
    assert password_age_days([*ways, {"method": "totp", "created_at": rfc3339(0)}], now) == age
