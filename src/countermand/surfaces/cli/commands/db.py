"""`countermand db`: bring the database up to date, see how it is, and what its administrator must grant."""

from __future__ import annotations

from pathlib import Path

from countermand.app import database_grants, open_desk
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table


@group("db", en="Look after the database.", zh="维护数据库。")
def db() -> None:
    """Everything is in the subcommands."""


@command(
    db,
    "migrate",
    en="Bring the database to this version; doing so again changes nothing.",
    zh="将数据库升级到本版本；重复执行无影响。",
)
@data_dir_option
@in_event_loop
async def migrate(data_dir: Path | None) -> None:
    """Opening a desk migrates."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        status = await desk.database.status()
    applied = status["migrations_applied"]
    answer(
        {"migrations_applied": applied, "migrations_pending": status["migrations_pending"]},
        Text(en=f"The database is at migration {applied[-1]}.", zh=f"数据库已升级至迁移 {applied[-1]}。"),
    )


@command(
    db,
    "status",
    en="Show version, size, migrations and rows of the database.",
    zh="查看数据库的版本、大小、迁移和行数。",
)
@data_dir_option
@in_event_loop
async def status(data_dir: Path | None) -> None:
    """What an operator wants to know first."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await desk.database.status()
        found["server"] = "started for this command" if desk.started_here else "already running"
    rows = [(name, value) for name, value in found.items() if name != "rows_estimated"]
    rows += [(f"rows of {name} (estimated)", count) for name, count in found["rows_estimated"].items()]
    answer_table(found, [Text(en="what", zh="项目"), Text(en="value", zh="值")], rows, Text(en="", zh=""))


@command(
    db,
    "grants",
    en="Print what an administrator runs once where the owner role may not create roles.",
    zh="输出在属主角色无权建角色时由数据库管理员执行一次的语句。",
)
@option(
    "--owner",
    default="countermand_owner",
    show_default=True,
    en="The role that owns the tables.",
    zh="表的属主角色。",
)
def grants(owner: str) -> None:
    """Nothing is connected to."""
    sql = database_grants(owner)
    answer({"owner": owner, "statements": sql.splitlines()}, sql)
