"""The story as it is played: on, paused, by steps, faster, again; one act at a time, none of them twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import structlog

from countermand.drills.demo_story.acts import Act
from countermand.drills.demo_story.redress import STORY
from countermand.drills.demo_story.scene import Scene, Setting
from countermand.drills.demo_world import World
from countermand.kernel.errors import Conflict, CountermandError

SPEEDS = (0.5, 1.0, 2.0, 4.0)
BEAT_SECONDS, REST_SECONDS, LOOK_SECONDS = 1.8, 5.0, 0.5

log = structlog.get_logger(__name__)


class ActState(StrEnum):
    """Where an act stands."""

    WAITING = "waiting"
    NOW = "now"
    DONE = "done"
    YOURS = "yours"
    BROKEN = "broken"


class Place(NamedTuple):
    """Where the story stands: which playing, and how many acts of it are over."""

    run: int
    act: int

    def __str__(self) -> str:
        return f"{self.run}.{self.act}"


@dataclass(slots=True, kw_only=True)
class Show:
    """One story on one house. `unhurried`: there are pauses between lines and acts, for people to watch.

    `make_world` draws the world of a playing.
    """

    setting: Setting
    make_world: Callable[[int], World]
    acts: tuple[Act, ...] = STORY
    unhurried: bool = True
    playing: bool = False
    speed: float = 1.0
    run: int = 1
    over: int = 0
    states: dict[str, ActState] = field(default_factory=dict)
    scene: Scene = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _hurries: int = 0

    def __post_init__(self) -> None:
        self._begin()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.run, self.over)

    @property
    def is_over(self) -> bool:
        """Whether every act has been played."""
        return self.over >= len(self.acts)

    def state(self, act: Act) -> ActState:
        """Where an act stands."""
        return self.states.get(act.name, ActState.WAITING)

    def play(self) -> None:
        """Go on by itself."""
        self.playing = True
        self._changed.set()

    def pause(self) -> None:
        """Stop behind the line that is being told."""
        self.playing = False
        self._changed.set()

    def at_speed(self, speed: float) -> None:
        """As fast as wanted, within what can be read."""
        self.speed = min(max(speed, SPEEDS[0]), SPEEDS[-1])
        self._changed.set()

    async def step(self, place: str) -> bool:
        """The act at this place, to its end, without pauses; False where another page did it meanwhile.

        Raises Conflict (`demo_moved_on`): the story is elsewhere by now, so nothing was done.
        """
        self._require(place)
        async with self._at_once():
            mine = str(self.place) == place
            if mine:
                await self._act()
            return mine

    async def replay(self, place: str) -> None:
        """From the beginning, with a fresh customer: what happened stays on record. Raises as `step`."""
        self._require(place)
        async with self._at_once():
            if str(self.run) != place.partition(".")[0]:
                raise moved_on()
            self.run, self.over = self.run + 1, 0
            self._begin()
        self.play()

    async def attend(self) -> None:
        """Play whenever it is on, and notice what whoever watches does themselves; until cancelled."""
        while True:
            if self.playing and not self.is_over:
                async with self._turn:
                    await self._act()
                await self._pause(REST_SECONDS / self.speed)
            else:
                await self._wait(LOOK_SECONDS)
            await self.notice()

    async def notice(self) -> None:
        """Whether the next act has happened already, by whoever watches: then it is over, and told so."""
        if self.is_over or self._turn.locked():
            return
        act = self.acts[self.over]
        if act.done is None or not await self._is_done(act):
            return
        async with self._at_once():
            if self._is_next(act):
                await self._act()

    async def whole(self, after: Callable[[Act], Awaitable[None]]) -> Scene:
        """All of it at once, for whoever wants to know that it holds; `after` each act something more."""
        while not self.is_over:
            act = self.acts[self.over]
            async with self._at_once():
                await self._act()
            await after(act)
        return self.scene

    @asynccontextmanager
    async def _at_once(self) -> AsyncIterator[None]:
        """In turn, once what is on has come to its end without pauses; without pauses inside."""
        self._hurries += 1
        self._changed.set()
        try:
            async with self._turn:
                yield
        finally:
            self._hurries -= 1

    def _begin(self) -> None:
        self.states = {}
        self.scene = Scene(
            setting=self.setting, world=self.make_world(self.run), run=self.run, beat=self._beat
        )

    def _require(self, place: str) -> None:
        if str(self.place) != place:
            raise moved_on()

    def _is_next(self, act: Act) -> bool:
        return not self.is_over and self.acts[self.over] is act

    async def _is_done(self, act: Act) -> bool:
        assert act.done is not None, "it was asked before"
        try:
            return await act.done(self.scene)
        except CountermandError:
            return False

    async def _act(self) -> None:
        """The next act; what breaks it is told, and the story goes on."""
        if self.is_over:
            return
        act, scene = self.acts[self.over], self.scene
        scene.act, self.states[act.name] = act.name, ActState.NOW
        failures = len(scene.failures)
        try:
            await act.play(scene)
        except CountermandError as refusal:
            await scene.expect(False, refusal.text.en, refusal.text.zh)
        except Exception as error:
            log.exception("act_broken", act=act.name, error=type(error).__name__)
            await scene.expect(False, f"{type(error).__name__} in this act", "本幕发生错误")
        broken = len(scene.failures) > failures
        yours = act.name in scene.by_reader
        self.states[act.name] = ActState.BROKEN if broken else ActState.YOURS if yours else ActState.DONE
        self.over += 1

    async def _beat(self) -> None:
        """Time to read a line; while it is paused, until it goes on."""
        await self._pause(BEAT_SECONDS / self.speed)
        while self.unhurried and not (self.playing or self._hurries):
            await self._wait(None)

    async def _pause(self, seconds: float) -> None:
        """Wait, unless nobody reads, or somebody wants to see the end of it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.unhurried and not self._hurries and loop.time() < end:
            if not await self._wait(end - loop.time()):
                return

    async def _wait(self, seconds: float | None) -> bool:
        """Until something changes, or for so long; whether something did."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True


def moved_on() -> Conflict:
    """Another page was faster."""
    return Conflict(
        "demo_moved_on",
        "The story has gone on meanwhile, perhaps from another page of yours; nothing was done twice.",
        "故事已向前推进（可能来自您的另一个页面）；未重复执行任何操作。",
    )
