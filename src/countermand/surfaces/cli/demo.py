"""`countermand demo`: the real server with a little world playing on it, and a view of what it decides."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from countermand.app import DEMO_PLACES, open_house
from countermand.drills.demo import Demo, Played, report_of
from countermand.drills.demo_world import World, mark_of
from countermand.drills.door_client import DoorClient
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.manage_keys import create_key
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli.grammar import command, option
from countermand.surfaces.cli.live_view import LiveView, Overheard
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.speech import Speech, current_speech
from countermand.surfaces.collector import collector_off_the_path
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door

POLICY = "cn-consumer-finance"
SCOPES = ("decide", "contain", "read", "manage", "policy")
DONE, FAILED = 0, 1


@command(
    None,
    "demo",
    en="Start the real server, let ordinary customers and the attacks play on it, and stay up with a live "
    "view. With --once: play it through, check what came of it, and end.",
    zh="启动真实服务器，让普通客户与各种攻击在其上运行，并保持实时视图。"
    "使用 --once 时：完整运行一遍、检查结果后退出。",
)
@option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    en="Folder of the private database (default: a temporary one).",
    zh="内置数据库所在文件夹（默认使用临时文件夹）。",
)
@option("--once", is_flag=True, en="Play the demo through and end.", zh="运行一遍后退出。")
@option(
    "--port",
    type=click.IntRange(0, 65535),
    en="Port to listen on (default: the setting; with --once a free one).",
    zh="监听端口（默认取设置；使用 --once 时任选空闲端口）。",
)
@option("--seed", type=int, default=1, show_default=True, en="Where chance starts.", zh="随机种子。")
@click.pass_context
def demo(context: click.Context, data_dir: Path | None, once: bool, port: int | None, seed: int) -> None:
    """The demo, once or until Ctrl-C."""
    import uvloop

    quiet_logs("error")
    with _data_directory(data_dir) as directory:
        given = settings_with(
            directory, policy=POLICY, policy_start="replace", port=0 if once and port is None else port
        )
        settings = replace(given, database_url=None, geo_country_file=given.geo_country_file or DEMO_PLACES)
        failed = uvloop.run(_play(settings, seed, once=once))
    context.exit(FAILED if failed else DONE)


async def _play(settings: Settings, seed: int, *, once: bool) -> bool:
    """True where an expectation did not hold."""
    speech = current_speech()
    view = LiveView(speech)
    async with open_house(settings) as house:
        now = house.clock.now()
        mark = mark_of(now)
        overheard = Overheard(house.decider, view.heard)
        # The door asks of a decider only what the overheard one has, too.
        front = make_front(replace(house, decider=cast("GroupCommitter", overheard)))
        _, key = await create_key(house, f"demo-{mark}", SCOPES, ACTOR)
        async with collector_off_the_path(), open_door(front, settings.host, settings.port) as address:
            world = World(seed, now, mark)
            if once:
                played = await asyncio.to_thread(_played, address, key, world, partial(_say, speech))
                return _end(played, world, speech)
            with view.shown(address, key):
                played = await asyncio.to_thread(_played, address, key, world, view.told)
                view.end(played.failures)
                await _until_interrupted()
            return bool(played.failures)


def _played(address: str, key: str, world: World, tell: Any) -> Played:
    with DoorClient(address, key) as door:
        return Demo(door, world, tell).play()


def _say(speech: Speech, line: Text) -> None:
    """A line for people, from whichever thread; a program reads the report at the end."""
    if not speech.as_json:
        click.echo(speech.say(line))


def _end(played: Played, world: World, speech: Speech) -> bool:
    report = report_of(played, world)
    if speech.as_json:
        click.echo(msgspec.json.encode(report).decode())
        return bool(played.failures)
    summed = ", ".join(f"{outcome} {count}" for outcome, count in report["outcomes"].items())
    _say(
        speech,
        Text(
            en=f"Operations: {report['operations']} ({summed})",
            zh=f"操作：{report['operations']}笔（{summed}）",
        ),
    )
    for failure in played.failures:
        _say(speech, Text(en=f"Not as expected: {failure.en}", zh=f"与预期不符：{failure.zh}"))
    click.echo("demo: failed" if played.failures else "demo: ok")
    return bool(played.failures)


async def _until_interrupted() -> None:
    """Until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


@contextmanager
def _data_directory(given: Path | None) -> Iterator[Path]:
    """The directory that was asked for, or a temporary one."""
    if given is not None:
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="countermand-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
