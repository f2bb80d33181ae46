"""The desk in the terminal: whose key it is, and what their roles may ever do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from countermand.app import open_desk
from countermand.flows.case_desk import CaseDesk
from countermand.flows.desk import Desk
from countermand.kernel.errors import Forbidden
from countermand.surfaces.cli.grammar import option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.vocabulary.staff import Staff


def key_option(function: Any) -> Any:
    """Whose hands these are."""
    return option(
        "--key",
        envvar="COUNTERMAND_STAFF_KEY",
        required=True,
        en="One's personal key (or COUNTERMAND_STAFF_KEY): roles and conflicts hold here too.",
        zh="个人密钥（或环境变量 COUNTERMAND_STAFF_KEY）；角色与回避规则同样适用。",
    )(function)


@asynccontextmanager
async def whole_desk(data_dir: Path | None, key: str) -> AsyncIterator[tuple[Desk, Staff]]:
    """Everything of the desk, and who is at it. Raises Unauthenticated, Forbidden (`staff_needed`)."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        holder = desk.keys.check(key, "desk").holder
        if holder is None:
            raise Forbidden("staff_needed", "This key is nobody's.", "该密钥不属于任何人员。")
        yield desk, holder


@asynccontextmanager
async def at_desk(data_dir: Path | None, key: str) -> AsyncIterator[tuple[CaseDesk, Staff]]:
    """Where cases are worked on, and who is at it. Raises as `whole_desk`."""
    async with whole_desk(data_dir, key) as (desk, holder):
        yield desk.case_desk, holder
