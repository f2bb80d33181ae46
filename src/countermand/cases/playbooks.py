"""Playbooks: how a kind of case is handled, step by step, as versioned data; and macros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from countermand.kernel.errors import Conflict, NotFound, SetupError
from countermand.kernel.text import Text
from countermand.vocabulary.acts import AnyAct, Macro
from countermand.vocabulary.cases import Ball, Case, Stage
from countermand.vocabulary.staff import Role
from countermand.vocabulary.triage import Category

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step: what to do, by which role, within so many hours of the beginning; `hands_to` moves next."""

    id: str
    text: Text
    role: Role
    hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 90)]
    hands_to: Ball | None = None
    stage: Stage | None = None
    may_skip: bool = False


class Playbook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The steps for some categories of cases."""

    id: str
    version: int
    title: Text
    categories: tuple[Category, ...]
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=40)]

    @property
    def label(self) -> str:
        """What stands with a case that follows it."""
        return f"{self.id}@{self.version}"


class MacroText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Several acts under one name; `{mark}` in a reply's values is filled by whoever uses it."""

    id: str
    version: int
    title: Text
    acts: Annotated[tuple[AnyAct, ...], msgspec.Meta(min_length=1, max_length=20)]


def read_playbooks(files: Mapping[str, str]) -> dict[str, Playbook]:
    """Playbooks by label: older versions stay, for the cases that follow them.

    Raises SetupError `playbook_refused`.
    """
    found: dict[str, Playbook] = {}
    for name, text in sorted(files.items()):
        try:
            one = msgspec.yaml.decode(text, type=Playbook)
        except (msgspec.MsgspecError, ValueError) as error:
            raise _refused(name, str(error)) from error
        ids = [step.id for step in one.steps]
        if not all(map(_ID.fullmatch, [one.id, *ids])) or len(set(ids)) < len(ids) or one.label in found:
            raise _refused(name, "an id is none, or stands twice")
        if [step.hours for step in one.steps] != sorted(step.hours for step in one.steps):
            raise _refused(name, "a step is due before the one it follows")
        found[one.label] = one
    return found


def read_macros(files: Mapping[str, str]) -> dict[str, MacroText]:
    """Macros by id. Raises SetupError `playbook_refused`."""
    found: dict[str, MacroText] = {}
    for name, text in sorted(files.items()):
        try:
            macros = msgspec.yaml.decode(text, type=tuple[MacroText, ...])
        except (msgspec.MsgspecError, ValueError) as error:
            raise _refused(name, str(error)) from error
        for one in macros:
            if one.id in found or any(isinstance(act, Macro) for act in one.acts):
                raise _refused(name, f"{one.id} stands twice, or names a macro itself")
            found[one.id] = one
    return found


def newest(playbooks: Mapping[str, Playbook], wanted: str | None, category: Category) -> Playbook:
    """The newest version of a playbook, by its id or, without one, for a category.

    Raises NotFound `unknown_playbook`.
    """
    fitting = [
        one
        for one in playbooks.values()
        if (one.id == wanted if wanted is not None else category in one.categories)
    ]
    if not fitting:
        raise NotFound(
            "unknown_playbook",
            f"There is no playbook {wanted or f'for {category.value}'}.",
            f"没有{f'名为 {wanted} 的' if wanted else f'适用于 {category.value} 的'}处理手册。",
        )
    return max(fitting, key=lambda one: one.version)


def step_of(playbooks: Mapping[str, Playbook], case: Case, step: str, *, skipped: bool) -> Step:
    """The step of a case's playbook that is next; each in its turn.

    Raises Conflict `step_not_next`: there is no playbook, another step is next, or it may not be skipped.
    """
    following = playbooks.get(case.playbook or "")
    if following is None:
        raise _not_next("no playbook was begun", "尚未启用处理手册")
    left = [one for one in following.steps if one.id not in case.steps]
    if not left or left[0].id != step:
        expected = left[0].id if left else "-"
        raise _not_next(f"next is {expected}", f"下一步应为 {expected}")
    if skipped and not left[0].may_skip:
        raise _not_next(f"{step} may not be skipped", f"{step} 不可跳过")
    return left[0]


def _not_next(en: str, zh: str) -> Conflict:
    return Conflict("step_not_next", f"This step cannot be done now: {en}.", f"现在不能执行该步骤：{zh}。")


def _refused(name: str, why: str) -> SetupError:
    return SetupError("playbook_refused", f"{name}: {why}.", f"{name}：{why}。", file=name)
