"""Goal: who works at the desk is entered in the terminal, and broken glass is reviewed there.

Method: the command line in this process, on a database of the test's own.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from countermand.app import open_house
from countermand.flows.receive_report import receive_report
from countermand.settings import Settings
from countermand.surfaces.cli.main import main
from flows.case_stage import NOT_ME
from flows.report_stage import said
from flows.stage import POLICY


@pytest.fixture
def run(database_dsn: str, tmp_path: Any) -> Any:
    """A run of the command line with somebody's key: exit code, and the JSON it printed or what it said."""

    def running(*arguments: str, key: str = "", language: str = "en") -> tuple[int, Any]:
        environment = {"COUNTERMAND_DATABASE_URL": database_dsn, "COUNTERMAND_DATA_DIR": str(tmp_path)}
        env = {"LC_ALL": "C", "COUNTERMAND_STAFF_KEY": key or None, **environment}
        done = CliRunner(env=env).invoke(main, ["--lang", language, *arguments])
        as_json = "--json" in arguments and done.exit_code == 0
        return done.exit_code, json.loads(done.stdout) if as_json else done.output

    return running


def key_of(run: Any, name: str, role: str) -> str:
    """A personal key."""
    made = run("key", "create", name, "--scope", "desk", "--staff", name, "--role", role, "--json")
    return str(made[1]["key"])


async def opened(database_dsn: str, folder: Any) -> str:
    """The number of a case."""
    settings = Settings(database_url=database_dsn, policy=str(POLICY), data_dir=folder)
    async with open_house(settings) as house:
        return str((await receive_report(house.reception, said(NOT_ME), "app")).answer["case"])


def test_somebody_is_entered_changed_listed_and_removed(run: Any) -> None:
    """A change leaves the rest; whoever is removed has no key any more; only an admin enters people."""
    root, li = key_of(run, "root", "admin"), key_of(run, "li", "agent")
    code, said = run("staff", "add", "li", "--skill", "fee_question", "--cases-max", "5", key=li)
    assert (code, "role_lacks_verb" in said) == (1, True)
    assert "unknown_staff" in run("staff", "add", "nobody", key=root)[1]
    run("staff", "add", "li", "--team", "zh-1", "--skill", "fee_question", "--cases-max", "5", key=root)
    away = "2026-12-01T09:00:00+08:00"
    _, shown = run("staff", "change", "li", "--away-until", away, "--json", key=root)
    assert (shown["skills"], shown["cases_max"], shown["team"]) == (["fee_question"], 5, "zh-1")
    assert shown["away_until"] == "2026-12-01T01:00:00.000000Z"
    assert "bad_time" in run("staff", "change", "li", "--away-until", "tomorrow", key=root)[1]
    _, shown = run("staff", "change", "li", "--skill", "any", "--away-until", "none", "--json", key=root)
    assert (shown["skills"], shown["away_until"], shown["cases_max"]) == (["any"], None, 5)
    _, listed = run("staff", "list", "--json", key=li)
    assert [one["name"] for one in listed["staff"]] == ["li", "root"]
    assert "在办" in run("staff", "list", key=li, language="zh")[1]
    _, gone = run("staff", "remove", "li", "--json", key=root)
    assert (gone["keys"], gone["open_cases"]) == (["li"], 0)
    assert run("staff", "list", key=li)[0] == 1
    assert "unknown_staff" in run("staff", "remove", "li", key=root)[1]


def test_somebody_is_invited_by_a_link(run: Any) -> None:
    """Without a key, as the first admin comes in; never as two things that stand alone."""
    code, told = run("staff", "invite", "root", "--role", "admin", "--json")
    assert (code, told["name"], told["roles"]) == (0, "root", ["admin"])
    assert told["link"].startswith("http://localhost:8080/staff/invitation/")
    assert told["link"] not in run("staff", "invite", "root", "--role", "admin")[1], "another one each time"
    assert "已邀请 wang" in run("staff", "invite", "wang", "--role", "quality", language="zh")[1]
    assert "roles_refused" in run("staff", "invite", "x", "--role", "admin", "--role", "agent")[1]
    key = key_of(run, "boss", "admin")
    assert "unknown_staff_account" in run("staff", "sign-out", "nobody", key=key)[1]


def test_who_may_do_what_is_printed(run: Any) -> None:
    """The agreed table, and the zones of the vault: no role sees a key."""
    _, told = run("staff", "permissions", "--json")
    golden = Path(__file__).parents[2] / "cases" / "permissions.golden"
    assert told["permissions"] == golden.read_text(encoding="utf-8").splitlines()
    assert [one for one in told["zones"][1:] if not one.endswith(" nothing")] == []
    assert "admin: nothing nothing nothing" in told["zones"]
    assert "auditor: existence existence nothing" in run("staff", "permissions")[1]


def test_glass_is_broken_and_reviewed_by_somebody_else(run: Any, database_dsn: str, tmp_path: Any) -> None:
    """Never by who broke it, and once."""
    wang, chen = key_of(run, "wang", "custodian"), key_of(run, "chen", "quality")
    number = asyncio.run(opened(database_dsn, tmp_path))
    _, glass = run("case", "break-glass", number, "--reason", "夜间无人值守", "--json", key=wang)
    review = ("case", "review-glass", glass["glass"], "--justified", "--finding", "确有必要")
    assert run(*review, key=wang)[0] == 1
    code, told = run(*review, "--json", key=chen)
    assert (code, told["justified"]) == (0, True)
    assert "glass_reviewed" in run(*review, key=chen)[1]
