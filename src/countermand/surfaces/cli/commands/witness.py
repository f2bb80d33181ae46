"""`countermand witness`: be a witness for logs of others, for partners, consumer bodies and regulators."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from countermand.app import add_witnessed_log, make_witness_keys, open_witness
from countermand.kernel.text import Text
from countermand.surfaces.cli.grammar import command, group, in_event_loop, option
from countermand.surfaces.cli.place import quiet_logs
from countermand.surfaces.cli.printing import answer, notice

FOLDER = click.Path(path_type=Path, file_okay=False)


@group("witness", en="Witness the logs of others.", zh="为其他机构的日志担任见证方。")
def witness() -> None:
    """Everything is in the subcommands."""


@command(
    witness,
    "init",
    en="Make a witness: a folder with new keys. Its verifier keys are printed.",
    zh="创建见证方：生成含新密钥的文件夹，并显示其验证公钥。",
)
@option("--folder", type=FOLDER, required=True, en="Folder of the witness.", zh="见证方文件夹。")
@option(
    "--name",
    required=True,
    en="Its name, like an address without https://, such as witness.example/w1.",
    zh="名称，形如不带 https:// 的网址，例如 witness.example/w1。",
)
def init(folder: Path, name: str) -> None:
    """Keys are made once and never replaced."""
    keys = [str(one.key) for one in make_witness_keys(folder, name)]
    answer({"name": name, "keys": keys}, *keys)
    notice(
        Text(
            en="Hand these keys to whoever is to trust this witness. Keep its keys and its memory safe.",
            zh="请将这些公钥交给信任本见证方的各方。请妥善保管其密钥与存档。",
        )
    )


@command(witness, "add-log", en="Witness a log from now on.", zh="开始见证一个日志。")
@option("--folder", type=FOLDER, required=True, en="Folder of the witness.", zh="见证方文件夹。")
@click.argument("key")
def add_log(folder: Path, key: str) -> None:
    """A running witness learns of it when it starts again."""
    known = add_witnessed_log(folder, key)
    answer(
        {"origin": known.name, "key": str(known)},
        Text(
            en=f"{known.name} is witnessed, from the next start on.",
            zh=f"将自下次启动起见证 {known.name}。",
        ),
    )


@command(
    witness,
    "serve",
    en="Cosign what is asked for (C2SP tlog-witness), until SIGTERM or Ctrl-C.",
    zh="响应联署请求（C2SP tlog-witness），直到 SIGTERM 或 Ctrl-C。",
)
@option("--folder", type=FOLDER, required=True, en="Folder of the witness.", zh="见证方文件夹。")
@option("--host", default="127.0.0.1", show_default=True, en="Address to listen on.", zh="监听地址。")
@option("--port", type=click.IntRange(0, 65535), default=8095, show_default=True, en="Port.", zh="监听端口。")
@in_event_loop
async def serve(folder: Path, host: str, port: int) -> None:
    """One process a folder."""
    from countermand.surfaces.http.witness import open_witness_door

    quiet_logs("info")
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with open_witness(folder) as house:
        async with open_witness_door(house, host, port) as address:
            answer({"address": address, "logs": sorted(house.logs)}, address)
            await stop.wait()
