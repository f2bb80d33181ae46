"""`countermand model`: keep model files, explain scores, watch drift, compare champion and challengers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from countermand.app import open_desk, open_models, open_record, read_policy, rows_for_model
from countermand.flows.compare_models import compare_models, recorded_scores
from countermand.flows.explain_score import explain_score
from countermand.flows.watch_drift import LATEST_MAX, Drift, watch_drift
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.policy.package import compile_policy, compile_recorded
from countermand.policy.program import Program
from countermand.settings import Settings
from countermand.surfaces.cli.commands.train import LIVE, label_delay, labelled_table
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.surfaces.cli.progress import watched
from countermand.surfaces.cli.speech import current_speech
from countermand.surfaces.drift_gauges import exposition
from countermand.vocabulary.models import Interval, ModelCard, Rows

CARD_BYTES_MAX = 4 * 2**20
MODEL_BYTES_MAX = 512 * 2**20


@group("model", en="Keep, explain and watch models.", zh="管理、解释和监测模型。")
def model() -> None:
    """Everything is in the subcommands."""


@command(model, "list", en="List the model files here.", zh="列出此处的模型文件。")
@data_dir_option
def list_models(data_dir: Path | None) -> None:
    """Newest first."""
    cards = list(open_models(settings_with(data_dir)).cards())
    titles = [
        Text(en="file", zh="文件"),
        Text(en="model", zh="模型"),
        Text(en="trained", zh="训练时间"),
        Text(en="average precision", zh="平均精确率"),
    ]
    rows = [
        (f"sha256:{one.file}", one.name, one.trained_at, _shown(one.metrics.get("average_precision")))
        for one in cards
    ]
    answer_table({"models": cards}, titles, rows, Text(en="No model is here yet.", zh="此处尚无模型。"))


@command(model, "show", en="Show the card of a model.", zh="显示模型卡。")
@click.argument("file", metavar="HASH")
@data_dir_option
def show(file: str, data_dir: Path | None) -> None:
    """The whole card; JSON reads well enough."""
    card = open_models(settings_with(data_dir)).find(file)
    answer(card, msgspec.json.format(msgspec.json.encode(card), indent=2).decode())


@command(
    model,
    "add",
    en="Take a model file in, with its card if there is one; prints the line for the policy.",
    zh="收入模型文件（可附模型卡），并输出应写入策略的一行。",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@option(
    "--card",
    type=click.Path(path_type=Path, dir_okay=False),
    en="Its card (default: the .json beside it).",
    zh="模型卡（默认取同名 .json 文件）。",
)
@data_dir_option
def add(file: Path, card: Path | None, data_dir: Path | None) -> None:
    """Checked before it is kept: it loads and takes what its card says."""
    beside = file.with_suffix(".json")
    chosen = card if card is not None else beside if beside.is_file() else None
    read = None
    if chosen is not None:
        try:
            read = msgspec.json.decode(_bytes_of(chosen, CARD_BYTES_MAX), type=ModelCard)
        except msgspec.DecodeError as error:
            raise BadRequest(
                "bad_model_card",
                f"{chosen} is no model card: {error}.",
                f"{chosen} 不是模型卡：{error}。",
                file=str(chosen),
            ) from None
    kept = open_models(settings_with(data_dir)).add(_bytes_of(file, MODEL_BYTES_MAX), read)
    answer(kept, f"file: sha256:{kept.file}")


@command(
    model,
    "verify",
    en="Read every model file again and compare it with its hash; exit code 1 if one is not what it was.",
    zh="重新读取每个模型文件并核对哈希；有不符时退出码为 1。",
)
@data_dir_option
def verify(data_dir: Path | None) -> None:
    """A changed file is never used; this says so before a start does."""
    checks = open_models(settings_with(data_dir)).verify()
    rows = [(f"sha256:{one.file}", one.fault or "✓") for one in checks]
    titles = [Text(en="file", zh="文件"), Text(en="fault", zh="问题")]
    answer_table({"checks": checks}, titles, rows, Text(en="No model is here yet.", zh="此处尚无模型。"))
    if any(one.fault for one in checks):
        raise click.exceptions.Exit(1)


@command(
    model,
    "explain",
    en="Say why the models scored a recorded operation as they did: the inputs that moved the score, against "
    "what this account usually does.",
    zh="说明模型为何对一笔已记录的操作如此评分：与该账户平时相比，哪些输入改变了评分。",
)
@click.argument("operation_id")
@data_dir_option
@in_event_loop
async def explain(operation_id: str, data_dir: Path | None) -> None:
    """From the record; the deciding path is not touched."""
    quiet_logs()
    settings = settings_with(data_dir)
    async with open_desk(settings) as desk:
        explained = await explain_score(desk, open_models(settings), operation_id)
    speech = current_speech()
    lines: list[str] = []
    for one in explained["models"]:
        lines.append(f"{one['model']}: {one['score']:.4f}")
        lines += [f"  {speech.say(factor['text'])}" for factor in one["factors"]]
    answer(explained, *lines)


@command(
    model,
    "drift",
    en="Compare the last operations with what the models learnt from: stability index (PSI) of each input "
    "and of the score. Below 0.1 nothing has moved; from 0.25 on train again, and the exit code is 1. Of the "
    "score also its mean since it last moved among these operations (ADWIN).",
    zh="将最近的操作与训练数据比较：每个输入和评分的稳定性指数（PSI）。低于 0.1 为无变化，"
    "达到 0.25 应重新训练，此时退出码为 1。评分另给出这些操作中自上次变动以来的均值（ADWIN）。",
)
@option(
    "--policy", en="A policy folder or pack (default: the setting).", zh="策略文件夹或策略包（默认取设置）。"
)
@option(
    "--operations",
    type=click.IntRange(100, 1_000_000),
    default=LATEST_MAX,
    en="How many operations back (20000).",
    zh="向前取多少笔操作（默认 20000）。",
)
@option("--prometheus", is_flag=True, en="Print measures for Prometheus.", zh="以 Prometheus 格式输出。")
@data_dir_option
@in_event_loop
async def drift(policy: str | None, operations: int, prometheus: bool, data_dir: Path | None) -> None:
    """A nightly command; its measures can be collected as a text file."""
    quiet_logs()
    settings = settings_with(data_dir, policy=policy)
    registry = open_models(settings)
    program = compile_recorded(read_policy(settings.policy))
    models = [one for one in program.models if one.file is not None]
    cards = [registry.find(one.file or "") for one in models]
    async with open_desk(settings) as desk:
        drifts = await watch_drift(desk, models, cards, operations)
    if prometheus:
        click.echo(exposition(drifts), nl=False)
    else:
        titles = [Text(en="model", zh="模型"), Text(en="input", zh="输入"), Text(en="PSI", zh="PSI")]
        titles += [
            Text(en="unknown, then and now", zh="未知占比（当时/现在）"),
            Text(en="verdict", zh="结论"),
            Text(en="mean score (ADWIN)", zh="评分均值（ADWIN）"),
        ]
        rows = [
            (
                one.model,
                one.name,
                "" if one.index is None else f"{one.index:.3f}",
                f"{one.unknown_before:.1%} / {one.unknown_now:.1%}",
                one.verdict,
                _mean(one),
            )
            for one in drifts
        ]
        answer_table({"drift": drifts}, titles, rows, Text(en="No model to watch.", zh="没有可监测的模型。"))
    if any(one.verdict == "far" for one in drifts):
        raise click.exceptions.Exit(1)


@command(
    model,
    "compare",
    en="Score a labelled FILE, or what was decided and labelled here (live), with every model of a policy, "
    "champion and challengers, and say which finds more fraud; intervals are drawn over accounts. Of the "
    "live record only what none of the models learnt from is judged.",
    zh="用策略中的全部模型（冠军与挑战者）对带标签的文件（FILE）或此处已决策并有标签的操作（live）评分，"
    "比较谁能发现更多欺诈；区间按账户重抽样。对 live 只评估所有模型都未学习过的操作。",
)
@click.argument("source", metavar="FILE|live")
@option("--mapping", en="The file's mapping: a file or a shipped one.", zh="文件的映射：映射文件或内置映射。")
@option("--policy", required=True, en="A policy folder or pack.", zh="策略文件夹或策略包。")
@option(
    "--delay-days", type=click.IntRange(0, 365), en="How many days a label takes.", zh="标签到达所需天数。"
)
@option("--seed", type=int, default=1, en="Seed of the draws (1).", zh="重抽样的随机种子（默认 1）。")
@data_dir_option
def compare(
    source: str, mapping: str | None, policy: str, delay_days: int | None, seed: int, data_dir: Path | None
) -> None:
    """The very scores that live traffic would get."""
    quiet_logs()
    settings = settings_with(data_dir)
    program = compile_policy(read_policy(policy), open_models(settings))
    champions = [one.fact for one in program.models if one.decides]
    if not champions:
        raise BadRequest(
            "no_champion",
            f"{program.label} has no champion to compare with.",
            f"{program.label} 没有可供比较的冠军模型。",
        )
    names = [one.fact for one in program.models]
    if source == LIVE:
        rows = asyncio.run(_scored(settings, program))
    else:
        opened = labelled_table(source, mapping)
        delay = label_delay(opened.label_delay, delay_days)
        with watched(opened.table.rows_total, Text(en="Scoring", zh="评分中")) as advance:
            rows = rows_for_model(settings, program, names, opened.table, delay, None, advance).rows()
    compared = compare_models(rows, names, champions[0], seed)
    titles = [
        Text(en="model", zh="模型"),
        Text(en="AUC", zh="AUC"),
        Text(en="average precision", zh="平均精确率"),
    ]
    titles += [Text(en="better by (average precision)", zh="提升（平均精确率）")]
    shown = [
        (
            one.model,
            _shown(one.metrics["auc_roc"]),
            _shown(one.metrics["average_precision"]),
            _shown(one.better_by.get("average_precision")),
        )
        for one in compared
    ]
    answer_table({"models": compared}, titles, shown, Text(en="No model.", zh="没有模型。"))


def _mean(one: Drift) -> str:
    if one.mean_now is None:
        return ""
    since = Text(
        en=f"{one.mean_now:.4f}, moved {one.mean_rows:,} operations ago",
        zh=f"{one.mean_now:.4f}，{one.mean_rows:,} 笔操作前变动",
    )
    return current_speech().say(since) if one.mean_moved else f"{one.mean_now:.4f}"


async def _scored(settings: Settings, program: Program) -> Rows:
    """What was decided here, with the scores of the policy's models."""
    async with open_record(settings) as opened:
        sources = await opened.policies.sources()
        return await recorded_scores(opened.record, sources, program.models, open_models(settings))


def _shown(measure: Interval | None) -> str:
    if measure is None or measure.value is None:
        return ""
    between = "" if measure.low is None else f" [{measure.low:.4f}, {measure.high:.4f}]"
    return f"{measure.value:.4f}{between}"


def _bytes_of(file: Path, most: int) -> bytes:
    """A whole file. Raises BadRequest (`unreadable_file`, `file_too_large`)."""
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise BadRequest(
            "unreadable_file",
            f"The file {file} cannot be read: {error.strerror}.",
            f"无法读取文件 {file}：{error.strerror}。",
            file=str(file),
        ) from None
    if len(content) > most:
        raise BadRequest(
            "file_too_large",
            f"The file {file} is larger than {most:,} bytes.",
            f"文件 {file} 超过 {most:,} 字节。",
            file=str(file),
        )
    return content
