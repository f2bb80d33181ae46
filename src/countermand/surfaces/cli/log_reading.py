"""What `countermand log` reads: files for any web server, the audit, the keys, and whom to believe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from countermand.app import files_audit, log_folder, open_audit, open_log
from countermand.flows.audit_log import audit_log
from countermand.flows.export_log import export_log
from countermand.kernel.errors import NotFound, SetupError
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import Group, command, data_dir_option, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs, settings_with
from countermand.surfaces.cli.printing import answer, answer_table
from countermand.transparency.notes import NoteError, VerifierKey
from countermand.transparency.trust import NONE, TrustPolicy
from countermand.vocabulary.auditing import Finding
from countermand.vocabulary.sealing import ShardShown

WATCH_SECONDS = 1.0


def add_readers(log: Group) -> None:
    """Put them into the group."""
    for declare in (_export, _audit, _keys, _policy):
        declare(log)


def _export(log: Group) -> None:
    @command(
        log,
        "export",
        en="Write the log as files for any web server: what is new, the checkpoint last.",
        zh="将日志写成文件供任意网页服务器使用：只写新增部分，检查点最后写入。",
    )
    @click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
    @option("--watch", is_flag=True, en="Go on, every second, until Ctrl-C.", zh="每秒继续，直到 Ctrl-C。")
    @data_dir_option
    @in_event_loop
    async def export(folder: Path, watch: bool, data_dir: Path | None) -> None:
        """A folder for each shard."""
        quiet_logs()
        async with open_log(settings_with(data_dir)) as opened:
            while True:
                written = {
                    shard.label: await export_log(opened.shelf, shard.label, log_folder(folder / shard.label))
                    for shard in await opened.shelf.shards()
                }
                total = sum(written.values())
                if total or not watch:
                    answer(
                        {"written": written}, Text(en=f"{total} files written.", zh=f"写入 {total} 个文件。")
                    )
                if not watch:
                    return
                await asyncio.sleep(WATCH_SECONDS)


def _audit(log: Group) -> None:
    @command(
        log,
        "audit",
        en="Check every entry, leaf, tile, root, signature and chain; name the first that is wrong.",
        zh="检查每一条目、叶子、树块、树根、签名与案件链；指出首个有误之处。",
    )
    @click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), required=False)
    @option(
        "--policy",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        en="File that says whom to believe (C2SP tlog-policy); default: the keys in the database.",
        zh="信任策略文件（C2SP tlog-policy）；默认使用数据库中的密钥。",
    )
    @option(
        "--pages",
        is_flag=True,
        en="Read every other table too, for what the database's own checksums find.",
        zh="同时读取其余所有表，以发现数据库自身校验和能查出的损坏。",
    )
    @data_dir_option
    @in_event_loop
    async def audit(folder: Path | None, policy: Path | None, pages: bool, data_dir: Path | None) -> None:
        """Without a folder: the database, each entry against its line of the journal."""
        quiet_logs()
        settings = settings_with(data_dir)
        keys = await _believed(policy, settings)
        finding: Finding | None = None
        if folder is not None:
            report = await audit_log(files_audit(folder), keys, whole=policy is None)
        else:
            async with open_audit(settings) as source:
                report = await audit_log(source, keys, whole=policy is None)
                if pages and report.finding is None:
                    finding = await source.read_all()
        finding = report.finding or finding
        checked = {
            "shards": report.shards, "entries": report.entries,
            "tiles": report.tiles, "checkpoints": report.checkpoints,
        }  # fmt: skip
        if finding is not None:
            raise SetupError(
                "log_audit_failed", finding.text.en, finding.text.zh,
                place=finding.place, part=finding.part, checked=checked,
            )  # fmt: skip
        said = ", ".join(f"{count} {name}" for name, count in checked.items())
        answer(
            {"checked": checked, "finding": None}, Text(en=f"All is well: {said}.", zh=f"全部无误：{said}。")
        )


def _keys(log: Group) -> None:
    @command(log, "keys", en="Show the public keys of each shard.", zh="查看各分片的公钥。")
    @data_dir_option
    @in_event_loop
    async def keys(data_dir: Path | None) -> None:
        """Publish them elsewhere: a key found beside what it signed is worth nothing."""
        quiet_logs()
        shards = await _shards(settings_with(data_dir))
        answer_table(
            {"shards": [{"origin": one.origin, "keys": one.keys} for one in shards]},
            [Text(en="key", zh="密钥")],
            [(key,) for one in shards for key in one.keys],
            Text(en="Nothing is sealed yet.", zh="尚未封存任何内容。"),
        )


def _policy(log: Group) -> None:
    @command(
        log,
        "policy",
        en="Print whom to believe of this log, for verifiers (C2SP tlog-policy).",
        zh="输出供验证程序使用的信任策略（C2SP tlog-policy）。",
    )
    @data_dir_option
    @in_event_loop
    async def policy(data_dir: Path | None) -> None:
        """The log's own keys, no witness."""
        quiet_logs()
        parsed = [
            VerifierKey.parse(key) for one in await _shards(settings_with(data_dir)) for key in one.keys
        ]
        text = str(TrustPolicy(logs=tuple(parsed), quorum=NONE))
        answer({"policy": text}, text.rstrip("\n"))


def _policy_in(path: Path) -> TrustPolicy:
    return TrustPolicy.parse(path.read_text("utf-8"))


async def _shards(settings: Any) -> Sequence[ShardShown]:
    async with open_log(settings) as opened:
        found = await opened.shelf.shards()
    if not found:
        raise NotFound("unknown_log", "Nothing is sealed yet.", "尚未封存任何内容。")
    return found


async def _believed(policy: Path | None, settings: Any) -> list[VerifierKey]:
    try:
        if policy is not None:
            return list(_policy_in(policy).logs)
        return [VerifierKey.parse(key) for one in await _shards(settings) for key in one.keys]
    except NoteError as error:
        raise SetupError(
            "log_key_malformed",
            f"A public key cannot be read: {error}.",
            f"公钥无法读取：{error}。",
        ) from error
