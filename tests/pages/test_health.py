"""Goal: staff see which part of the house is unwell, what that means, and that it heals. Method: kill -9."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from countermand.oversight.health import by_age, port_part, worst
from countermand.surfaces.children import Child, watch_children
from countermand.surfaces.log_children import sealing_beside
from countermand.vocabulary.health import Part, PartState, PortWaiting
from countermand.vocabulary.staff import Role
from flows.stage import NOON
from pages.desk_stage import at_desk, decided, signed_in
from pages.looking import violations
from pages.served import Served

SIGNER = "tr[data-part-name='child:signer']"


@contextmanager
def sealed(served: Served, tmp: Any) -> Iterator[list[Child]]:
    """Signer and sealer beside the house, as `countermand serve` keeps them, and told of to its health."""
    children: list[Child] = []
    begun, leave = asyncio.Event(), asyncio.Event()
    settings = served.settings.with_values(data_dir=tmp, log_level="error")

    async def beside() -> None:
        async with sealing_beside(settings) as found:
            children.extend(found)
            watch_children(served.house.health.watched, found)
            begun.set()
            await leave.wait()

    async def begin() -> asyncio.Task[None]:
        task = asyncio.create_task(beside())
        await begun.wait()
        return task

    async def end(task: asyncio.Task[None]) -> None:
        leave.set()
        await task

    task = served.run(begin())
    try:
        yield children
    finally:
        served.run(end(task))


def test_a_killed_child_shows_red_and_comes_back_by_itself(
    browser: Any, served: Served, tmp_path: Any
) -> None:
    """The page, left open, turns red after kill -9 of the signer, says what to do, and turns well again."""
    cookie = signed_in(served, "wang", Role.INVESTIGATOR)
    with sealed(served, tmp_path) as children, at_desk(browser, served, cookie, "en") as page:
        signer = next(one for one in children if one.name == "signer")
        page.goto("/desk/health")
        row = page.locator(SIGNER)
        assert row.get_attribute("data-state") == "good"
        assert signer.pid is not None
        first = signer.pid
        os.kill(first, signal.SIGKILL)
        page.locator(f"{SIGNER}[data-state='bad'], {SIGNER}[data-state='late']").wait_for()
        assert page.locator("#health").get_attribute("data-worst") == "bad"
        page.locator(f"{SIGNER}[data-state='good']").wait_for(timeout=60_000)
        assert signer.pid not in (None, first)


def test_every_part_is_told_in_words(browser: Any, served: Served, language: str) -> None:
    """A house without a worker says so first, with what it means and what to do; nothing is missing."""
    decided(served, "a-health")
    cookie = signed_in(served, f"editor-{language}", Role.KB_EDITOR)
    with at_desk(browser, served, cookie, language) as page:
        page.goto("/desk/health")
        assert page.locator("#health").get_attribute("data-worst") == "bad"
        assert page.locator(".trouble.bad").count() >= 2
        names = page.locator("tr[data-part-name]").evaluate_all(
            "rows => rows.map((row) => row.dataset.partName)"
        )
        assert {"database", "deciding", "timers", "outbox", "sealing", "keys", "disk", "policy"} <= set(names)
        assert page.locator("tr[data-part-name='database']").get_attribute("data-state") == "good"
        assert violations(page) == []


@pytest.mark.parametrize(
    ("waiting", "failed", "known", "state"),
    [
        (PortWaiting("banking", 0, None, 0), 0, {"banking"}, "good"),
        (PortWaiting("banking", 3, NOON - 59 * 10**6, 1), 0, {"banking"}, "good"),
        (PortWaiting("banking", 3, NOON - 60 * 10**6, 1), 0, {"banking"}, "late"),
        (PortWaiting("banking", 3, NOON - 600 * 10**6, 9), 0, {"banking"}, "bad"),
        (PortWaiting("banking", 0, None, 0), 1, {"banking"}, "late"),
        (PortWaiting("gone", 1, NOON - 10**6, 0), 0, {"banking"}, "bad"),
        (PortWaiting("gone", 1, None, 0), 0, {"banking"}, "good"),
    ],
)
def test_a_target_is_judged_by_its_oldest(
    waiting: PortWaiting, failed: int, known: set[str], state: str
) -> None:
    """Late after a minute, bad after ten or where nobody delivers; what waits for its time is well."""
    assert port_part(waiting, failed, known, NOON).state == state


def test_a_house_is_as_well_as_its_worst_part() -> None:
    """What is not set up harms nobody; a bound belongs to the worse side."""
    parts = [Part("a", one) for one in (PartState.OFF, PartState.GOOD, PartState.BAD, PartState.LATE)]
    assert worst(parts) is PartState.BAD
    assert worst([]) is PartState.OFF
    assert [by_age(age, 5, 60) for age in (4.9, 5, 59, 60)] == ["good", "late", "late", "bad"]
