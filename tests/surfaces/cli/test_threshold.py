"""`countermand threshold`: what people and programs are told, and in whose name a pin stands."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from countermand.flows.manage_keys import create_key
from countermand.kernel.clock import ManualClock, SystemClock
from countermand.surfaces.cli.main import main
from flows.stage import house_on
from flows.threshold_stage import DAY, HOUR, movable_policy, one_day


class Place:
    """A database on which a movable policy has decided for a day, and a person's key."""

    def __init__(self, dsn: str, key: str) -> None:
        self.environment = {"COUNTERMAND_DATABASE_URL": dsn, "COUNTERMAND_KEY": key, "LC_ALL": "C"}

    def run(self, *arguments: str, **environment: str) -> Any:
        """One run of the command line."""
        return CliRunner(env={**self.environment, **environment}).invoke(main, ["threshold", *arguments])

    def told(self, *arguments: str) -> Any:
        """The JSON answer of a run that must succeed."""
        ran = self.run(*arguments, "--json")
        assert ran.exit_code == 0, ran.stderr
        return json.loads(ran.stdout)

    def refused(self, *arguments: str, **environment: str) -> str:
        """The code of a run that must be refused."""
        ran = self.run(*arguments, "--json", **environment)
        assert ran.exit_code == 1, ran.stdout
        return str(json.loads(ran.stderr)["error"]["code"])


@pytest.fixture
def place(database_dsn: str, tmp_path: Path) -> Place:
    """A day of 120 large payments that ended an hour ago."""

    async def decided() -> str:
        clock = ManualClock(SystemClock().now() - DAY - HOUR)
        async with house_on(database_dsn, clock, policy=movable_policy(tmp_path)) as house:
            await one_day(house, clock, 300, 120)
            return (await create_key(house, "ann", ("policy",), "test"))[1]

    return Place(database_dsn, asyncio.run(decided()))


def test_a_threshold_is_judged_moved_pinned_and_released(place: Place) -> None:
    """For programs: values in minor units and the evidence; the steps stand in the history."""
    before = {one["threshold"]: one for one in place.told("list")["thresholds"]}
    assert (before["big"]["value"], before["big"]["floor"], before["big"]["pinned"]) == (500, 300, False)
    judged = {one["threshold"]: one for one in place.told("adapt")["judged"]}
    assert (judged["big"]["moved"], judged["big"]["value"], judged["big"]["cause"]) == (True, 600, "too_many")
    assert judged["big"]["evidence"]["hits"] == 120
    assert place.told("pin", "big", "--text", "campaign")["pinned"] is True
    assert {one["cause"] for one in place.told("adapt")["judged"]} == {"pinned", "too_little_evidence"}
    assert place.told("release", "big", "--text", "over")["pinned"] is False
    history = place.told("history", "big")["history"]
    assert [(one["step"], one["actor"]) for one in history] == [
        ("release", "ann"), ("pin", "ann"), ("move", "cli"),
    ]  # fmt: skip


def test_people_read_it_in_their_language(place: Place) -> None:
    """Amounts as a policy writes them, causes as sentences."""
    assert place.run("history").stdout == "No threshold has moved yet.\n"
    found = place.run("adapt").stdout
    assert "Too many fire: eased by a step." in found
    assert "Too few operations to say anything." in found
    listed = place.run("list").stdout
    assert "cny(6.00)" in listed
    assert "cny(3.00) … cny(9.00)" in listed
    assert "alerts: 40 a day" in listed
    assert place.run("pin", "big", "--text", "why").stdout == (
        "big = cny(6.00) stands still until it is released.\n"
    )
    told = place.run("history", LC_ALL="zh_CN.UTF-8").stdout
    assert "触发过多：放宽一步。" in told
    assert "why" in told
    assert "已固定" in place.run("list", LC_ALL="zh_CN.UTF-8").stdout


def test_what_is_refused_says_its_code(place: Place) -> None:
    """A pin stands in a person's name; a threshold and a policy must be there."""
    assert place.refused("pin", "big", "--text", "why", COUNTERMAND_KEY="") == "no_key"
    assert place.refused("pin", "small", "--text", "why") == "unknown_threshold"
    assert place.refused("release", "big", "--text", "why") == "threshold_not_pinned"
    assert place.refused("history", "--policy", "movable@9") == "unknown_policy_version"
