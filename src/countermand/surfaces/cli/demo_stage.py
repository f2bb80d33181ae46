"""The demo's company in front of a browser: its stage beside the other pages, its people, its story."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from countermand.drills.demo_company.backlog import fill_desk, leave_to_approve
from countermand.drills.demo_company.cast import CAST, CUSTOMER
from countermand.drills.demo_company.links import Links
from countermand.drills.demo_company.staff import Codes, hire
from countermand.drills.demo_company.stream import AskDecision, Heard, Stream
from countermand.drills.demo_stage import Played
from countermand.drills.demo_story.acts import Act
from countermand.drills.demo_story.company import Company
from countermand.drills.demo_story.looking import opened, pages_of
from countermand.drills.demo_story.scene import Setting, Verify
from countermand.drills.demo_story.show import Show
from countermand.drills.demo_world import CUSTOMERS, MULE_PAYERS, World
from countermand.flows.house import House
from countermand.kernel.text import Text
from countermand.settings import Settings
from countermand.surfaces.cli.speech import current_speech
from countermand.surfaces.http.paged import Pages
from countermand.surfaces.web.demo.stage_pages import STAGE, demo_pages

OPENER = "xdg-open"
_PROGRAM = "from countermand.surfaces.cli.main import main; main()"
_LOCALES = {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}
_ADDRESSES = (
    (STAGE, Text(en="The story, to watch and to play in", zh="故事：观看与参与")),
    ("/", Text(en="The customers' portal", zh="客户门户")),
    ("/desk", Text(en="The desk", zh="客服工作台")),
)


class Cue(NamedTuple):
    """What this run begins with: where chance starts, its mark, and its language."""

    seed: int
    mark: str
    language: str


def company_of(house: House, decide: AskDecision, settings: Settings, cue: Cue, heard: Heard) -> Company:
    """The company of a house; nobody works there yet, and the story has not begun."""
    setting = Setting(
        house=house, decide=decide, folder=settings.data_dir, language=cue.language,
        verify=_verifier(cue.language),
    )  # fmt: skip

    def make_world(run: int) -> World:
        return World(cue.seed + run, house.clock.now(), f"{cue.mark}-{run}")

    show = Show(setting=setting, make_world=make_world)
    return Company(show, Links(house.access, house.holder_access), Codes(house.clock), heard)


def with_stage(pages: Pages, company: Company) -> Pages:
    """The pages of any house, and the stage of this one."""
    return replace(pages, handlers=(*pages.handlers, *demo_pages(company)))


async def settle(company: Company, house: House, world: World) -> None:
    """Everybody joins, and the desk has its cases."""
    company.codes.apps.update((await hire(house)).apps)
    accounts = [world.named(f"acct-{number:02d}") for number in range(CUSTOMERS)]
    accounts += [world.named(f"acct-payer-{number:02d}") for number in range(MULE_PAYERS)]
    await fill_desk(house, accounts, world.mark)
    await leave_to_approve(house, company.show.setting.decide, world)


async def tell_story(
    company: Company, house: House, world: World, address: str, played: Played, tell: Callable[[Text], None]
) -> None:
    """The story from beginning to end, and every page that it names, opened."""
    await settle(company, house, world)
    show = company.show
    show.setting.address, show.unhurried = address, False

    async def after(act: Act) -> None:
        tell(act.title)
        for line in show.scene.told.get(act.name, []):
            tell(Text(en=f"  {line.text.en}", zh=f"  {line.text.zh}"))
        for one in pages_of(company, act):
            wrong = await asyncio.to_thread(opened, address, show.setting.language, one)
            if wrong is not None:
                played.expect(False, wrong.en, wrong.zh)

    scene = await show.whole(after)
    played.failures += scene.failures
    played.story = {act.name: show.state(act).value for act in show.acts}


@asynccontextmanager
async def on_stage(
    company: Company, house: House, world: World, address: str, *, paused: bool
) -> AsyncIterator[None]:
    """The story is played inside for whoever opens its page, and the company lives."""
    await settle(company, house, world)
    company.show.setting.address = address
    walkers = World(world.seed, world.now, f"{world.mark}-w")
    chores = [
        asyncio.create_task(company.show.attend()),
        asyncio.create_task(Stream(house, walkers, company.show.setting.decide).flow()),
    ]
    _invite(company, address)
    _open_browser(f"{address}{STAGE}")
    if not paused:
        company.show.play()
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


def _invite(company: Company, address: str) -> None:
    """Say where everything is, and give everybody a way in."""
    say = current_speech().say
    for path, about in _ADDRESSES:
        click.echo(f"{address}{path}  {say(about)}")
    click.echo(
        say(
            Text(
                en="Ways in: each works once, for ten minutes, on this machine. More on the story's page:",
                zh="一次性入口：每个仅可使用一次，十分钟内有效，仅限本机。故事页面可另取：",
            )
        )
    )
    people = [(CUSTOMER, Text(en="Lin Yue, customer", zh="林悦，客户"))]
    for role, one in CAST.items():
        called = Text(en=f"{one.called.en}, {one.does.en}", zh=f"{one.called.zh}，{one.does.zh}")
        people.append((role.value, called))
    for who, called in people:
        click.echo(f"  {address}{company.link(who)}  {say(called)}")


def _open_browser(address: str) -> None:
    """Where there is a desktop with a browser, it opens; nothing depends on it."""
    opener = shutil.which(OPENER)
    if opener is None or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    with suppress(OSError):
        subprocess.Popen(  # noqa: S603  # the system's own opener, and an address of ours
            [opener, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _verifier(language: str) -> Verify:
    async def verify(bundle: Path, policy: Path, seals: Path) -> tuple[bool, list[str]]:
        """`countermand verify` in a process of its own, as anybody runs it."""
        asked = ("verify", str(bundle), "--policy", str(policy), "--seal-ca", str(seals))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROGRAM, *asked,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={**os.environ, "LC_ALL": _LOCALES[language]},
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode == 0, said.decode("utf-8", "replace").splitlines()

    return verify
