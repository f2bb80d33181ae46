"""What an act of the story is, and all of them in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from countermand.drills.demo_story.scene import Scene
from countermand.kernel.text import Text


class Look(NamedTuple):
    """A page that shows what an act did: who looks (`customer`, a role, or nobody in particular), and where.

    `to` is None while there is nothing to see yet; `words` stand on the page then.
    """

    who: str
    label: Text
    to: Callable[[Scene], str | None]
    words: Callable[[Scene], Text]
    proof: bool = False
    takes_over: bool = False


class Act(NamedTuple):
    """One act: `play` does it, telling line by line; `done` says whether the reader has done it already."""

    name: str
    title: Text
    about: Text
    play: Callable[[Scene], Awaitable[None]]
    done: Callable[[Scene], Awaitable[bool]] | None = None
    looks: tuple[Look, ...] = ()


def same(en: str, zh: str) -> Callable[[Scene], Text]:
    """Words that are the same in every playing."""
    text = Text(en=en, zh=zh)
    return lambda _: text


def at(path: str) -> Callable[[Scene], str | None]:
    """A page that is always there."""
    return lambda _: path


def at_case(path: str) -> Callable[[Scene], str | None]:
    """A page of the case, once there is one; `{number}` is its number."""
    return lambda scene: path.format(number=scene.number) if scene.number else None


def numbered(scene: Scene) -> Text:
    """How the number of the case begins, as every page groups it."""
    return Text(en=scene.number[:4], zh=scene.number[:4])
