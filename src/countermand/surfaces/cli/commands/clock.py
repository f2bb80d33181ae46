"""`countermand clock`: which deadlines there are, and how one is reckoned."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from countermand.app import open_desk
from countermand.app.clocks import clock_rules, open_calendar, published_calendars
from countermand.cases.calendars import Calendar
from countermand.cases.clock_explanations import explain
from countermand.cases.clock_words import amount_said, end_said
from countermand.cases.clocks import due
from countermand.cases.extensions import grant
from countermand.flows.recompute_clocks import recompute_clocks, use_calendar, use_published
from countermand.flows.show_clocks import show_clocks
from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.clocks import Extended


@group(
    "clock", en="See which deadlines there are and how they are reckoned.", zh="查看期限规则及其计算过程。"
)
def clock() -> None:
    """Everything is in the subcommands."""


@command(clock, "packs", en="List the clocks of all deadline packs.", zh="列出所有期限规则包中的期限。")
def packs() -> None:
    """Each with its source, and whether that was read."""
    speech, rules = current_speech(), clock_rules()
    rows = [
        (
            policy.id,
            speech.say(policy.name),
            policy.kind.value,
            speech.say(amount_said(policy.count, policy.unit)),
            "" if policy.max_total is None else speech.say(amount_said(policy.max_total, policy.unit)),
            policy.calendar,
            speech.say(_CHECKED if policy.verified else _UNCHECKED),
            speech.say(policy.cite),
        )
        for pack in rules.packs
        for policy in pack.clocks
    ]
    value = [{**msgspec.to_builtins(pack), "version": pack.version} for pack in rules.packs]
    answer_table(
        {"packs": value},
        [
            Text(en="clock", zh="期限"),
            Text(en="name", zh="名称"),
            Text(en="kind", zh="类型"),
            Text(en="count", zh="期间"),
            Text(en="at most", zh="最长"),
            Text(en="calendar", zh="日历"),
            Text(en="source read", zh="已核对"),
            Text(en="source", zh="依据"),
        ],
        rows,
        Text(en="There are no packs.", zh="没有规则包。"),
    )
    if not speech.as_json:
        for pack in rules.packs:
            click.echo(f"{speech.say(pack.title)}: {speech.say(pack.stamp)}")


_CHECKED, _UNCHECKED = Text(en="yes", zh="是"), Text(en="no, from memory", zh="否，凭记忆")


@command(
    clock,
    "explain",
    en="Reckon a deadline and print every step, in both languages.",
    zh="计算一个期限，并以两种语言列出每一步。",
)
@click.argument("policy")
@option(
    "--start",
    required=True,
    en="When it starts: 2026-02-13T17:00, by the calendar's clock.",
    zh="起算时间：2026-02-13T17:00，按日历所在时区。",
)
@option(
    "--calendar",
    default="",
    en="Calendar or a file of one (default: the clock's own).",
    zh="日历或日历文件（默认随期限）。",
)
@option(
    "--extend",
    multiple=True,
    en="An extension that was granted; may be repeated.",
    zh="已批准的延长，可重复。",
)
def explain_deadline(policy: str, start: str, calendar: str, extend: tuple[str, ...]) -> None:
    """Nothing is started by it."""
    found = clock_rules().find(policy)
    days = open_calendar(calendar or found.calendar)
    begins = _instant(start, days)
    granted: list[Extended] = []
    for extension in extend:
        granted.append(grant(found, extension, granted, begins, ACTOR, "", ""))
    steps = explain(begins, (), found, days, granted)
    reckoned = due(begins, (), found, days, sum(one.units for one in granted))
    value = {
        "policy": found.id,
        "verified": found.verified,
        "calendar": days.id,
        "calendar_version": days.version,
        "started_at": rfc3339(begins),
        "due_at": rfc3339(reckoned.at),
        "due_local": end_said(reckoned.at, days),
        "warn_at": [rfc3339(at) for at in reckoned.warn_at],
        "provisional": reckoned.provisional,
        "steps": steps,
    }
    heads = (f"{found.name.zh}（{found.id}）", f"{found.name.en} ({found.id})")
    lines = [heads[0], *(f"  {number}. {step.zh}" for number, step in enumerate(steps, 1))]
    lines += [heads[1], *(f"  {number}. {step.en}" for number, step in enumerate(steps, 1))]
    answer(value, *lines)


@command(
    clock,
    "calendar",
    en="Print a calendar as a file that can be changed and used instead.",
    zh="输出日历文件，可修改后代替使用。",
)
@click.argument("calendar")
@option("--year", type=int, default=None, en="Only the days of one year.", zh="仅显示某一年。")
def show_calendar(calendar: str, year: int | None) -> None:
    """Its special days, and from when on they are only expected."""
    days = open_calendar(calendar)
    terms = days.terms
    if year is not None:
        terms = msgspec.structs.replace(
            terms,
            closed={day: text for day, text in terms.closed.items() if day.year == year},
            worked={day: text for day, text in terms.worked.items() if day.year == year},
            first_year=year,
            last_year=year,
        )
    answer(terms, msgspec.yaml.encode(terms).decode().rstrip())


@command(
    clock,
    "list",
    en="Show the clocks of a case, and what is left of each.",
    zh="查看某案件的全部期限及剩余时间。",
)
@click.argument("case")
@data_dir_option
@in_event_loop
async def list_all(case: str, data_dir: Path | None) -> None:
    """Those that are due next first; how each was reckoned with --json."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await show_clocks(desk.clocks, case)
    speech = current_speech()
    columns = ("clock", "name", "state_said", "remaining", "due_local", "owner")
    answer_table(
        {"clocks": found},
        [
            Text(en="id", zh="编号"),
            Text(en="clock", zh="期限"),
            Text(en="state", zh="状态"),
            Text(en="left", zh="剩余"),
            Text(en="due", zh="届满"),
            Text(en="owner", zh="负责人"),
        ],
        [
            [speech.say(one[name]) if isinstance(one[name], Text) else one[name] for name in columns]
            for one in found
        ],
        Text(en="The case has no clocks.", zh="该案件没有期限。"),
    )


@command(
    clock,
    "recompute",
    en="Reckon all running clocks again: by the calendars of this release, or by one of your own.",
    zh="重新计算全部运行中的期限：使用本版本的日历，或自有日历文件。",
)
@option("--calendar", default="", en="A calendar file to use from now on.", zh="今后使用的日历文件。")
@data_dir_option
@in_event_loop
async def recompute(calendar: str, data_dir: Path | None) -> None:
    """Clocks that move are written, each with a fact."""
    quiet_logs()
    own = open_calendar(calendar) if calendar else None
    async with open_desk(settings_with(data_dir)) as desk:
        if own is None:
            changed = await use_published(desk.clocks, published_calendars(), ACTOR)
        else:
            changed = [own.id] if await use_calendar(desk.clocks, own, ACTOR) else []
        found = await recompute_clocks(desk.clocks)
    named = ", ".join(changed) or "-"
    answer(
        {"calendars_changed": changed, **found._asdict()},
        Text(
            en=f"Calendars changed: {named}. Clocks: {found.looked_at} looked at, {found.moved} moved, "
            f"{found.unknown} could not be reckoned.",
            zh=f"日历更新：{named}。期限：核对 {found.looked_at} 个，变动 {found.moved} 个，"
            f"无法计算 {found.unknown} 个。",
        ),
    )


def _instant(start: str, calendar: Calendar) -> int:
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise BadRequest(
            "bad_time",
            f"{start!r} is no time such as 2026-02-13T17:00.",
            f"{start!r} 不是有效时间，应形如 2026-02-13T17:00。",
        ) from None
    return micros_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=calendar.zone))
