"""`countermand label`: what operations turned out to be, told to this installation or to a running server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from countermand.app import open_desk, open_house
from countermand.flows.label_history import label_history
from countermand.kernel.errors import BadRequest, CountermandError
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, data_dir_option, group, in_event_loop, option
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table, notice
from countermand.surfaces.cli.speech import current_speech
from countermand.vocabulary.labels import BATCH_LABELS_MAX, Label, label_of

_FIELDS = frozenset({"operation", "fraud", "source", "known_at"})


@group("label", en="Say what operations turned out to be.", zh="为操作补记标签：欺诈或正常。")
def label() -> None:
    """Everything is in the subcommands."""


@command(
    label,
    "add",
    en="Label one operation as fraud or genuine. Stop the server first, or send it over HTTP.",
    zh="将一笔操作标记为欺诈或正常。服务器运行时请改用 HTTP，或先停止服务器。",
)
@click.argument("operation")
@option(
    "--verdict",
    type=click.Choice(["fraud", "genuine"]),
    required=True,
    en="What it turned out to be.",
    zh="结论：fraud（欺诈）或 genuine（正常）。",
)
@option("--source", required=True, en="Who says so, such as chargeback.", zh="来源，如 chargeback（拒付）。")
@option(
    "--known-at",
    en="Since when it is known, like 2027-06-30T00:00:00+08:00 (default: now).",
    zh="得知时间，如 2027-06-30T00:00:00+08:00（默认为现在）。",
)
@option("--policy", en="Name or folder of the policy that decides.", zh="用于决策的策略名称或文件夹。")
@data_dir_option
@in_event_loop
async def add(
    operation: str, verdict: str, source: str, known_at: str | None, policy: str | None, data_dir: Path | None
) -> None:
    """One label."""
    quiet_logs()
    fraud = verdict == "fraud"
    one = label_of({"operation": operation, "fraud": fraud, "source": source, "known_at": known_at})
    async with open_house(settings_with(data_dir, policy=policy)) as house:
        (result,) = await house.decider.label_many([one], ACTOR, None)
    if isinstance(result, CountermandError):
        raise result
    shown = msgspec.json.decode(result)
    words = Text(en="fraud", zh="欺诈") if shown["fraud"] else Text(en="genuine", zh="正常")
    was = Text(en="is now", zh="现记为") if shown["changed"] else Text(en="was already", zh="此前已记为")
    answer(
        shown,
        Text(
            en=f"{operation} {was.en} labelled {words.en} ({source}).",
            zh=f"{operation} {was.zh}{words.zh}（{source}）。",
        ),
    )


@command(
    label,
    "history",
    en="Show every label and correction of an operation, the oldest first; the last one counts.",
    zh="查看一笔操作的全部标签与更正，最早的在前，最后一条为准。",
)
@click.argument("operation")
@data_dir_option
@in_event_loop
async def history(operation: str, data_dir: Path | None) -> None:
    """Also while a server runs; the first thousand."""
    quiet_logs()
    async with open_desk(settings_with(data_dir)) as desk:
        found = await label_history(desk, operation)
    fraud = Text(en="fraud", zh="欺诈"), Text(en="genuine", zh="正常")
    speech = current_speech()
    answer_table(
        found,
        [
            Text(en="label", zh="标签"),
            Text(en="verdict", zh="结论"),
            Text(en="source", zh="来源"),
            Text(en="known at", zh="得知时间"),
            Text(en="recorded at", zh="记录时间"),
            Text(en="recorded by", zh="记录者"),
        ],
        [
            (
                one["label"],
                speech.say(fraud[0] if one["fraud"] else fraud[1]),
                one["source"],
                one["known_at"],
                one["recorded_at"],
                one["recorded_by"],
            )
            for one in found["labels"]
        ],
        Text(en="Nobody has labelled this operation yet.", zh="这笔操作尚无标签。"),
    )


@command(
    label,
    "import",
    en="Import labels from a CSV file with the columns operation, fraud (true or false), source and, "
    "if known, known_at. Importing the same file again changes nothing.",
    zh="从 CSV 文件导入标签，列为 operation、fraud（true 或 false）、source，以及可选的 known_at。"
    "重复导入同一文件不会改变任何内容。",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@option("--policy", en="Name or folder of the policy that decides.", zh="用于决策的策略名称或文件夹。")
@data_dir_option
@in_event_loop
async def import_(file: Path, policy: str | None, data_dir: Path | None) -> None:
    """All labels of a file, in its order; a row that is none is told with its number."""
    quiet_logs()
    counts = {"recorded": 0, "unchanged": 0, "refused": 0}
    async with open_house(settings_with(data_dir, policy=policy)) as house:
        for rows in _chunks(file):
            labels = [one for _, one in rows if isinstance(one, Label)]
            results = iter(await house.decider.label_many(labels, ACTOR, None))
            for number, one in rows:
                _count(number, next(results) if isinstance(one, Label) else one, counts)
    answer(
        counts,
        Text(
            en="{recorded:,} labels recorded, {unchanged:,} known before, {refused:,} refused.".format(
                **counts
            ),
            zh="已记录标签 {recorded:,} 条，此前已有 {unchanged:,} 条，拒绝 {refused:,} 条。".format(
                **counts
            ),
        ),
    )


def _count(number: int, result: bytes | CountermandError, counts: dict[str, int]) -> None:
    if isinstance(result, CountermandError):
        counts["refused"] += 1
        en, zh = f"row {number}: {result.text.en}", f"第{number}行：{result.text.zh}"
        notice(Text(en=f"{en} [{result.code}]", zh=f"{zh} [{result.code}]"))
    else:
        counts["recorded" if msgspec.json.decode(result)["changed"] else "unchanged"] += 1


def _chunks(file: Path) -> Iterator[Sequence[tuple[int, Label | CountermandError]]]:
    """The rows of a file in batches: each a label, or why it is none. Raises BadRequest."""
    import csv

    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.DictReader(opened)
            _check_header(file, reader.fieldnames or ())
            chunk: list[tuple[int, Label | CountermandError]] = []
            for number, row in enumerate(reader, 1):
                chunk.append((number, _label(row)))
                if len(chunk) == BATCH_LABELS_MAX:
                    yield chunk
                    chunk = []
            yield chunk
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise BadRequest(
            "unreadable_file",
            f"The file {file} cannot be read: {what}.",
            f"无法读取文件 {file}：{what}。",
            file=str(file),
        ) from None


def _check_header(file: Path, names: Sequence[str]) -> None:
    missing, strange = {"operation", "fraud", "source"} - set(names), set(names) - _FIELDS
    if missing or strange:
        wrong = ", ".join(sorted(missing | strange))
        raise BadRequest(
            "invalid_label",
            f"{file} must have the columns operation, fraud, source, and may have known_at; not {wrong}.",
            f"{file} 必须有列 operation、fraud、source，可以有 known_at；有误的是 {wrong}。",
            field=wrong,
        )


def _label(row: dict[str, Any]) -> Label | CountermandError:
    try:
        return label_of({name: value or None for name, value in row.items() if name in _FIELDS})
    except BadRequest as refusal:
        return refusal
