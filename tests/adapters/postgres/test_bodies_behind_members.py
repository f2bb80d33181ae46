"""Goal: the database itself opens no body to who does not say for whom they act, nor to admins.

Method: a report with a file in a real house; then connections of the app's role, and units of work for roles.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from countermand.app import open_house
from countermand.flows.receive_report import receive_report
from countermand.kernel.errors import CountermandError
from countermand.settings import Settings
from countermand.vocabulary.staff import STAFF_ROLES, Role
from countermand.work.members import MEMBER, SERVICE, member_text
from flows.case_stage import NOT_ME
from flows.report_stage import said
from flows.stage import POLICY

KEYS = "SELECT count(*) FROM data_key"


async def as_app(dsn: str, member: str | None) -> Any:
    """A connection in the app's role that says so much."""
    says = {} if member is None else {"countermand.member": member}
    return await asyncpg.connect(dsn, server_settings={"role": "countermand_app", **says})


@pytest.mark.parametrize(
    ("member", "seen"),
    [(None, 0), ("", 0), ("li", 0), ("SERVICE", 0), (member_text({"admin"}), 0), (SERVICE, 1),
     (member_text({"agent"}), 1)],
)  # fmt: skip
async def test_who_acts_for_nobody_reads_no_key(
    database_dsn: str, tmp_path: Path, member: str | None, seen: int
) -> None:
    """Without a data key nothing that was said or handed in opens."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house:
        await receive_report(house.reception, said(NOT_ME), "app")
    connection = await as_app(database_dsn, member)
    assert await connection.fetchval(KEYS) == seen
    changed = await connection.execute("UPDATE data_key SET key_name = key_name")
    assert changed == f"UPDATE {seen}"
    await connection.close()


async def test_a_request_of_an_admin_opens_nothing(database_dsn: str, tmp_path: Path) -> None:
    """Whatever the program above asks for them, also what it has in memory; every other role goes on."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=tmp_path)
    async with open_house(settings) as house:
        await receive_report(house.reception, said(NOT_ME), "app")
        keys = house.case_desk.keys
        async with house.works.open() as unit:
            (name,) = [row["id"] for row in await unit.cases._connection.fetch("SELECT id FROM data_key")]
            assert (await keys.one(unit, name)).id == name, "now it is in memory"
        for role in STAFF_ROLES:
            token = MEMBER.set(member_text({role}))
            try:
                async with house.works.open() as unit:
                    assert (await keys.one(unit, name)).id == name
                opened = True
            except CountermandError as refused:
                opened = refused.code != "subject_shredded"
            finally:
                MEMBER.reset(token)
            assert opened == (role is not Role.ADMIN), role
        async with house.works.open() as unit:
            assert (await keys.one(unit, name)).id == name, "the connection says what it said before"
