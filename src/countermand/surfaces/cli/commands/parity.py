"""`countermand parity`: decide everything recorded again in SQL, and compare it with the record."""

from __future__ import annotations

from pathlib import Path

import click

from countermand.app import open_comparison, open_record, open_shelf
from countermand.flows.parity import PolicyParity, check_parity
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, in_event_loop
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer_table
from countermand.surfaces.cli.progress import watched

TITLES = (
    Text(en="policy", zh="策略"),
    Text(en="what", zh="项目"),
    Text(en="name", zh="名称"),
    Text(en="operations", zh="操作数"),
    Text(en="mismatches", zh="不一致"),
    Text(en="for example", zh="例如"),
)


@command(
    None,
    "parity",
    en="Decide everything that was decided here again, in SQL, and compare every feature, derived value, "
    "rule and outcome; exit code 1 if anything differs.",
    zh="用 SQL 重新决策此处的全部操作，逐一比对特征、派生值、规则与结果；若有不一致，退出码为 1。",
)
@data_dir_option
@in_event_loop
async def parity(data_dir: Path | None) -> None:
    """Also while a server runs; policies are compared one after the other."""
    quiet_logs()
    settings = settings_with(data_dir)
    shelf, engine = open_shelf(settings), open_comparison(settings)
    async with open_record(settings) as opened:
        sources = await opened.policies.sources()
        with watched(None, Text(en="Preparing facts", zh="准备数据")) as told:
            found = await check_parity(
                opened.record,
                opened.archive,
                sources,
                opened.identity,
                shelf,
                engine,
                told,
            )
    rows = [
        (one.policy, part.what, part.name, part.rows, part.mismatches, ", ".join(part.examples))
        for one in found
        for part in one.compared
    ]
    mismatches = sum(one.mismatches for one in found)
    answer_table(
        {"mismatches": mismatches, "policies": [_json(one) for one in found]},
        TITLES,
        rows,
        Text(en="Nothing was decided here yet.", zh="此处尚无决策。"),
    )
    if mismatches:
        raise click.exceptions.Exit(1)


def _json(one: PolicyParity) -> dict[str, object]:
    return {
        "policy": one.policy,
        "operations": one.operations,
        "frozen": one.frozen,
        "compared": [part._asdict() for part in one.compared],
    }
