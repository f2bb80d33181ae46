"""`countermand demo`: the real server with a little world playing on it, and a view of what it decides."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import click
import msgspec

from countermand.app import (
    DEMO_PLACES,
    open_bank,
    open_database,
    open_desk,
    open_house,
    read_permit_keys,
)
from countermand.drills.demo import Demo, report_of
from countermand.drills.demo_bank import BankLine, payer, simulated_bank
from countermand.drills.demo_company.stream import Heard
from countermand.drills.demo_stage import INSTITUTION, SCOPES, Played, Stage
from countermand.drills.demo_words import counted
from countermand.drills.demo_world import World, mark_of
from countermand.drills.door_client import DoorClient
from countermand.flows.group_commit import GroupCommitter
from countermand.flows.manage_keys import create_key
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli.demo_stage import Cue, company_of, on_stage, tell_story, with_stage
from countermand.surfaces.cli.grammar import command, option
from countermand.surfaces.cli.live_view import Listener, LiveView, Overheard
from countermand.surfaces.cli.place import ACTOR, quiet_logs, settings_with
from countermand.surfaces.cli.speech import Speech, current_speech
from countermand.surfaces.collector import collector_off_the_path
from countermand.surfaces.http.front import make_front
from countermand.surfaces.http.server import open_door
from countermand.surfaces.log_children import BESIDE, sealing_beside
from countermand.surfaces.web.routes import pages
from countermand.vocabulary.operations import Operation

POLICY = "cn-consumer-finance"
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
@option(
    "--paused",
    is_flag=True,
    en="Begin the story paused: whoever opens its page plays it.",
    zh="故事先暂停，由打开页面的人播放。",
)
@option("--seed", type=int, default=1, show_default=True, en="Where chance starts.", zh="随机种子。")
@click.pass_context
def demo(
    context: click.Context, data_dir: Path | None, once: bool, port: int | None, paused: bool, seed: int
) -> None:
    """The demo, once or until Ctrl-C."""
    import uvloop

    quiet_logs("error")
    with _data_directory(data_dir) as directory:
        given = settings_with(
            directory, policy=POLICY, policy_start="replace", port=0 if once and port is None else port
        )
        # What is set for an installation must not reach anybody from here.
        settings = replace(
            given,
            database_url=None,
            geo_country_file=given.geo_country_file or DEMO_PLACES,
            confirmation=POLICY,
            session_receivers=None,
            host="127.0.0.1",  # whoever opens its page may come in as anybody
            public_url=None,
            log_level="error",
            log_sealing=BESIDE,
            log_signer_state=None,
            log_signer_socket=None,
            trust_policy=None,
            timestamp_authorities=None,
            anchor_url=None,
            sms_gateway_url=None,
            notice_webhook_url=None,
            staff_issuer=None,
        )
        os.environ.pop("COUNTERMAND_DATABASE_URL", None)  # nor must the demo's sealer find that database
        failed = uvloop.run(_play(settings, seed, once=once, paused=paused))
    context.exit(FAILED if failed else DONE)


async def _play(
    settings: Settings, seed: int, *, once: bool, story: bool = True, paused: bool = False
) -> bool:
    """True where an expectation did not hold. Without its `story` it has neither staff nor a stage."""
    speech = current_speech()
    view = LiveView(speech)
    async with AsyncExitStack() as stack:
        async with open_database(settings):  # it settles in the directory while that is empty
            permit_keys = read_permit_keys(settings)
        # The demo's own bank, whatever the environment names.
        bank = stack.enter_context(simulated_bank(settings.data_dir, permit_keys))
        settings = replace(settings, banking=bank)
        house = await stack.enter_async_context(open_house(settings))
        now = house.clock.now()
        mark = mark_of(now)
        heard = Heard()
        overheard = Overheard(house.decider, _both(heard.heard, view.heard))
        company = company_of(house, overheard.decide, settings, Cue(seed, mark, speech.language), heard)
        # The door asks of a decider only what the overheard one has, too.
        handed = replace(house, decider=cast("GroupCommitter", overheard))
        front = make_front(handed, with_stage(pages(), company) if story else pages())
        keys = {
            role: (await create_key(house, _key_name(role, mark), scopes, ACTOR))[1]
            for role, scopes in SCOPES.items()
        }
        line = await _line(stack, settings)
        company.show.setting.pay = payer(house, line.bank)
        await stack.enter_async_context(collector_off_the_path())
        address = await stack.enter_async_context(open_door(front, settings.host, settings.port))
        await stack.enter_async_context(house.worker.working())
        world = World(seed, now, mark)
        playing = partial(_played, address, keys, line, world, speech.language)
        if story:
            await stack.enter_async_context(sealing_beside(settings))
        if once:
            tell = partial(_say, speech)
            played = await asyncio.to_thread(playing, tell)
            if story:
                await tell_story(company, house, world, address, played, tell)
            return _end(played, world, speech)
        with view.shown(address, keys[INSTITUTION]):
            played = await asyncio.to_thread(playing, view.told)
            view.end(played.failures)
            if story:
                await stack.enter_async_context(on_stage(company, house, world, address, paused=paused))
            await _until_interrupted()
        return bool(played.failures)


def _both(first: Listener, second: Listener) -> Listener:
    """Two who listen."""

    def heard(operation: Operation, answer: bytes) -> None:
        first(operation, answer)
        second(operation, answer)

    return heard


def _key_name(role: str, mark: str) -> str:
    return f"demo-{mark}" if role == INSTITUTION else f"demo-{role}-{mark}"


async def _line(stack: AsyncExitStack, settings: Settings) -> BankLine:
    """The institution's own line to its bank, and the desk that compares the ledgers."""
    bank = await stack.enter_async_context(open_bank(settings))
    desk = await stack.enter_async_context(open_desk(settings))
    return BankLine(asyncio.get_running_loop(), bank, desk.executions)


def _played(
    address: str,
    keys: Mapping[str, str],
    line: BankLine,
    world: World,
    language: str,
    tell: Callable[[Text], None],
) -> Played:
    with ExitStack() as stack:
        doors = {role: stack.enter_context(DoorClient(address, key)) for role, key in keys.items()}
        stage = Stage(doors=doors, bank=line, world=world, tell=tell, language=language)
        return Demo(stage).play()


def _say(speech: Speech, line: Text) -> None:
    """A line for people, from whichever thread; a program reads the report at the end."""
    if not speech.as_json:
        click.echo(speech.say(line))


def _end(played: Played, world: World, speech: Speech) -> bool:
    report = report_of(played, world)
    if speech.as_json:
        click.echo(msgspec.json.encode(report).decode())
        return bool(played.failures)
    summed = counted(report["outcomes"])
    _say(
        speech,
        Text(
            en=f"Operations: {report['operations']} ({summed.en})",
            zh=f"操作：{report['operations']}笔（{summed.zh}）",
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
