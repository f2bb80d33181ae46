"""`countermand train`: labelled operations or messages become a model and its card."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from countermand.app import (
    OpenedTable,
    open_learner,
    open_models,
    open_operation_table,
    open_record,
    read_policy,
    rows_for_model,
)
from countermand.flows.model_rows import RowCollector, rows_of_record
from countermand.flows.train_model import Background, card_of, groups_within, split_by_time
from countermand.kernel.clock import SystemClock
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.policy.bound import BoundModel
from countermand.policy.package import compile_for_training
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.surfaces.cli.commands.train_triage import triage
from countermand.surfaces.cli.grammar import Group, command, data_dir_option, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer
from countermand.surfaces.cli.progress import watched
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.models import ModelCard, Training

BATCH_ROWS = 1000
LIVE = "live"
CALIBRATIONS = ("platt", "isotonic", "none")
_DAY = 86400 * 10**6


class Train(Group):
    """`train FILE` means `train model FILE`, as it did before there was anything else to train."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {*self.commands, *self.get_help_option_names(ctx)}
        return super().parse_args(ctx, args if not args or args[0] in known else ["model", *args])


@click.group(
    "train",
    cls=Train,
    text=Text(
        en="Train a model of a policy (`model`, also where no other is named), or the model of triage.",
        zh="训练策略中的模型（`model`，未指明时即为此项），或分诊模型。",
    ),
)
def train() -> None:
    """Everything is in the subcommands."""


train.add_command(triage)


@command(
    train,
    "model",
    en="Train a model of a policy on a Parquet or CSV FILE with labels, or on what was decided here (live). "
    "The inputs are those of each operation's own moment; the earliest rows teach, the latest judge.",
    zh="训练策略中的模型：使用带标签的 Parquet 或 CSV 文件（FILE），或此处的决策记录（live）。"
    "输入均取每笔操作当时的值；最早的数据用于学习，最晚的用于评估。",
)
@click.argument("source", metavar="FILE|live")
@option("--mapping", en="The file's mapping: a file or a shipped one.", zh="文件的映射：映射文件或内置映射。")
@option(
    "--policy",
    required=True,
    en="A policy folder or pack that declares the model; its file may still be `untrained`.",
    zh="声明该模型的策略文件夹或策略包；其 file 可以仍为 untrained。",
)
@option("--model", "name", en="Which model, where there are several.", zh="有多个模型时指定其一。")
@option(
    "--delay-days",
    type=click.IntRange(0, 365),
    en="How many days a label takes (default: what the mapping says, else 7).",
    zh="标签到达所需天数（默认取映射所写，否则为 7）。",
)
@option(
    "--seed", type=int, default=1, en="Seed; the same gives the same file (1).", zh="随机种子（默认 1）。"
)
@option(
    "--rounds", type=click.IntRange(1, 10_000), default=400, en="Trees at most (400).", zh="树的上限（400）。"
)
@option(
    "--calibration",
    type=click.Choice(CALIBRATIONS),
    default="platt",
    en="How scores become probabilities (platt).",
    zh="评分校准方法（默认 platt）。",
)
@option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    en="Keep the files in this folder too.",
    zh="同时将文件保存到此文件夹。",
)
@data_dir_option
def model(
    source: str,
    mapping: str | None,
    policy: str,
    name: str | None,
    delay_days: int | None,
    seed: int,
    rounds: int,
    calibration: str,
    out: Path | None,
    data_dir: Path | None,
) -> None:
    """Rows, trees, calibration, a judgement, two files."""
    quiet_logs()
    settings = settings_with(data_dir)
    learner = open_learner()
    program = compile_for_training(read_policy(policy))
    declared_model = model_named(program, name)
    if source == LIVE:
        delay, labels = label_delay(None, delay_days), "labels of this installation"
        collector = asyncio.run(_recorded(settings, declared_model))
    else:
        opened = labelled_table(source, mapping)
        delay, labels = label_delay(opened.label_delay, delay_days), f"mapping {opened.mapping}"
        with watched(opened.table.rows_total, Text(en="Reading", zh="读取中")) as advance:
            collector = rows_for_model(
                settings, program, declared_model.inputs, opened.table, delay, None, advance
            )
    rows = collector.rows()
    split = split_by_time(rows, delay)
    training = Training(seed=seed, rounds=rounds, calibration=calibration)
    fitted = learner.fit(split.train, split.tune, split.calibrate, training)
    registry = open_models(settings)
    background = Background(
        policy=program.label,
        source=Path(source).name,
        labels=labels,
        delay=delay,
        trained_at=SystemClock().now(),
        code=f"countermand {version('countermand')}",
    )
    bare = registry.add(
        fitted.content, ModelCard(inputs=list(declared_model.inputs), name=declared_model.name)
    )
    scorer = registry.opened(bare.file, declared_model.name)
    declared = next(one for one in program.package.declared.models if one.name == declared_model.name)
    groups = groups_within(rows, split, collector.groups())
    card = card_of(declared_model, declared, split, groups, fitted, scorer, training, background)
    kept = registry.add(fitted.content, card)
    if out is not None:
        type(registry)(out).add(fitted.content, card)
    answer(msgspec.to_builtins(kept), *_lines(kept))


def model_named(program: Program, name: str | None) -> BoundModel:
    """The model of a policy by its name, or the only one. Raises BadRequest (`which_model`)."""
    found = [model for model in program.models if name in (None, model.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(model.name for model in program.models) or "none"
    raise BadRequest(
        "which_model",
        f"Say which model with --model; the models of {program.label}: {names}.",
        f"请用 --model 指定模型；{program.label} 的模型：{names}。",
        policy=program.label,
    )


def label_delay(said: int | None, delay_days: int | None) -> int:
    """Microseconds that a label takes: as asked for, else as the mapping says, else seven days."""
    if delay_days is not None:
        return delay_days * _DAY
    return 7 * _DAY if said is None else said


async def _recorded(settings: Settings, model: BoundModel) -> RowCollector:
    async with open_record(settings) as opened:
        return await rows_of_record(opened.record, await opened.policies.sources(), model.inputs)


def labelled_table(source: str, mapping: str | None) -> OpenedTable:
    """A file with labels. Raises UsageError without a mapping, BadRequest (`no_labels`)."""
    if mapping is None:
        raise click.UsageError(
            current_speech().say(Text(en="A file needs --mapping.", zh="使用文件时需要 --mapping。"))
        )
    opened = open_operation_table(Path(source), mapping, BATCH_ROWS)
    if not opened.table.labelled:
        raise BadRequest(
            "no_labels",
            f"The mapping {opened.mapping} names no column that says which operations were fraud.",
            f"映射 {opened.mapping} 没有指明哪些操作为欺诈的列。",
        )
    return opened


def _lines(card: ModelCard) -> Iterator[Text | str]:
    assert card.train is not None, "a trained model was trained on something"
    assert card.test is not None, "and judged"
    yield Text(
        en=f"Trained on {card.train.rows:,} operations ({card.train.fraud:,} fraud), "
        f"judged on {card.test.rows:,} later ones ({card.test.fraud:,} fraud).",
        zh=f"用 {card.train.rows:,} 笔操作训练（欺诈 {card.train.fraud:,} 笔），"
        f"用之后的 {card.test.rows:,} 笔评估（欺诈 {card.test.fraud:,} 笔）。",
    )
    for name, measure in card.metrics.items():
        if measure.value is not None:
            between = "" if measure.low is None else f" [{measure.low:.4f}, {measure.high:.4f}]"
            yield f"  {name}: {measure.value:.4f}{between}"
    yield Text(en="Put this line into the policy:", zh="请将此行写入策略：")
    yield f"  file: sha256:{card.file}"
