"""`countermand train triage`: labelled messages become the model that reads reports, and its card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from countermand.app import keep_triage, train_triage
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer
from countermand.surfaces.cli.speech import current_speech
from countermand.surfaces.cli.triage_card import MEASURES
from countermand.vocabulary.triage import TriageCard

NAME = "triage"


@command(
    None,
    NAME,
    en="Train the model of triage on the messages that come with the product and on yours (JSON lines). "
    "Equal files, seed and versions give the same bytes.",
    zh="训练分诊模型：使用内置标注消息，并可加入本机构的消息（JSON 行）。"
    "文件、种子与版本相同，则生成的模型逐字节相同。",
)
@click.argument(
    "files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@option("--seed", type=click.IntRange(0), default=1, en="Seed (1).", zh="随机种子（默认 1）。")
@option("--only-files", is_flag=True, en="Leave the shipped messages out.", zh="不使用内置标注消息。")
@option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    en="Folder for the two files (default: `triage` in the data folder).",
    zh="存放两个文件的文件夹（默认为数据文件夹中的 triage）。",
)
@data_dir_option
def triage(
    files: tuple[Path, ...], seed: int, only_files: bool, out: Path | None, data_dir: Path | None
) -> None:
    """Messages, weights, calibration, a judgement, two files."""
    quiet_logs()
    settings = settings_with(data_dir)
    content, card = train_triage(files, seed, shipped=not only_files)
    path = keep_triage(out or settings.data_dir / NAME, NAME, content, card)
    answer({**msgspec.to_builtins(card), "path": str(path)}, *_lines(card, path))


def _lines(card: TriageCard, path: Path) -> Iterator[Text | str]:
    yield Text(
        en=f"Trained on {card.messages:,} messages; judged on each of them in {card.folds} folds held back.",
        zh=f"用 {card.messages:,} 条消息训练；以 {card.folds} 折交叉验证评估。",
    )
    for name, value in card.metrics.items():
        told = current_speech().say(MEASURES[name])
        yield f"  {told}: {value:.4f}"
    yield Text(
        en=f"Kept as {path} (sha256:{card.file[:12]}…). Use it with the setting triage_model.",
        zh=f"已保存为 {path}（sha256:{card.file[:12]}…）。请用设置 triage_model 启用。",
    )
