"""What a replay found, for the commands that replay: how much was rebuilt, and every difference by name."""

from __future__ import annotations

from typing import Any

import click

from countermand.flows.replay_state import Replay
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import option
from countermand.surfaces.cli.printing import answer, answer_table

_COUNTED = ("cases", "events", "rows", "decisions", "older", "erased")
_TITLES = [
    Text(en="table", zh="表"),
    Text(en="row", zh="行"),
    Text(en="field", zh="字段"),
    Text(en="stored", zh="库中"),
    Text(en="rebuilt", zh="重建"),
    Text(en="journal", zh="日记账"),
]


def all_option(function: Any) -> Any:
    """Everything there is, instead of one."""
    return option("--all", "everything", is_flag=True, en="Replay everything there is.", zh="全部重建。")(
        function
    )


def one_or_all(name: str | None, *, everything: bool) -> None:
    """Raises BadRequest (`one_or_all`) unless either one is named or all are meant."""
    if (name is None) is not everything:
        raise BadRequest(
            "one_or_all",
            "Name one, or say --all.",
            "请指明其中一个，或使用 --all。",
        )


def answer_replay(replay: Replay) -> None:
    """All is well, or every difference and exit code 1."""
    counted = {name: getattr(replay, name) for name in _COUNTED}
    found = [one._asdict() for one in replay.differences]
    shown = {"rebuilt": counted, "differences": found, "more": replay.more}
    said = ", ".join(f"{count} {name}" for name, count in counted.items() if count)
    if not found:
        answer(
            shown,
            Text(
                en=f"What is stored is what the journal tells: {said or 'nothing'}.",
                zh=f"库中状态与日记账重建结果一致：{said or '无'}。",
            ),
        )
        return
    answer_table(shown, _TITLES, [tuple(one.values()) for one in found], Text(en="", zh=""))
    raise click.exceptions.Exit(1)
