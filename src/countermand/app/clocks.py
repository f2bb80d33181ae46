"""Clocks need rules and calendars: the packs that come with the product, and calendars as published."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from countermand.cases.calendars import Calendar, read_calendar
from countermand.cases.clock_pack import FILE, ClockRules, read_clock_pack
from countermand.cases.hotlines import HOTLINES_FILE, Hotline, read_hotlines
from countermand.flows.clock_house import ClockHouse
from countermand.kernel.clock import Clock
from countermand.kernel.errors import BadRequest
from countermand.kernel.ids import Ids
from countermand.work import Works

LAW_PACKS = Path(__file__).parent.parent / "law_packs"


@cache
def clock_rules() -> ClockRules:
    """All deadline packs that come with the product. Raises SetupError (`clock_pack_refused`)."""
    found = sorted(LAW_PACKS.glob(f"*/{FILE}"))
    return ClockRules(read_clock_pack(path.parent.name, path.read_text(encoding="utf-8")) for path in found)


@cache
def hotlines_of(packs: tuple[str, ...]) -> tuple[Hotline, ...]:
    """Whom else people can call, by these packs in their order. Raises SetupError (`hotlines_refused`)."""
    files = [(pack, LAW_PACKS / pack / HOTLINES_FILE) for pack in packs]
    found = [read_hotlines(pack, file.read_text(encoding="utf-8")) for pack, file in files if file.is_file()]
    return tuple(one for pack in found for one in pack)


@cache
def published_calendar(calendar: str) -> Calendar:
    """A calendar that comes with the product. Raises NotFound (`unknown_calendar`)."""
    from countermand.adapters.calendars import published

    return Calendar(published.published_calendar(calendar))


def published_calendars() -> tuple[str, ...]:
    """The calendars that come with the product, by id."""
    from countermand.adapters.calendars.published import SOURCES

    return tuple(SOURCES)


def open_calendar(calendar: str) -> Calendar:
    """A calendar that comes with the product, or a file of one.

    Raises NotFound (`unknown_calendar`), BadRequest (`calendar_refused`, `unreadable_file`).
    """
    path = Path(calendar)
    if not path.is_file():
        return published_calendar(calendar)
    try:
        return read_calendar(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            "unreadable_file", f"{calendar} cannot be read: {error}.", f"无法读取 {calendar}：{error}。"
        ) from error


def clock_house(works: Works, time: Clock, ids: Ids) -> ClockHouse:
    """What stories about clocks need here. Raises SetupError (`clock_pack_refused`)."""
    return ClockHouse(works, time, ids, clock_rules(), published_calendar)
