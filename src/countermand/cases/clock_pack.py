"""Deadline packs: the clocks of a jurisdiction, read from data and checked, never without their stamp."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Final

import msgspec

from countermand.cases.clock_policies import ClockPolicy, Counting, fault_of
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.errors import NotFound, SetupError
from countermand.kernel.text import Text

FILE: Final = "clocks.yaml"
_ID = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)+")


class ClockPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """The clocks of one jurisdiction or house; each takes over calendar and counting where it names none.

    `stamp` says that it is no legal advice.
    """

    id: str
    title: Text
    jurisdiction: str
    calendar: str
    stamp: Text
    counting: Counting = Counting()
    clocks: tuple[ClockPolicy, ...]

    @cached_property
    def version(self) -> str:
        """Sixteen hex digits that stand for everything the pack says."""
        return digest(canonical_bytes(msgspec.to_builtins(self))).hex()[:16]


def read_clock_pack(name: str, text: str) -> ClockPack:
    """The pack in a file's text. Raises SetupError `clock_pack_refused`, naming what is wrong where."""
    try:
        pack = msgspec.yaml.decode(text, type=ClockPack)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, name, Text(en=str(error), zh=str(error))) from error
    if not ("not legal advice" in pack.stamp.en and "不构成法律意见" in pack.stamp.zh):
        raise _refused(
            name, "stamp", Text(en="it does not say “not legal advice”", zh="缺少“不构成法律意见”的声明")
        )
    seen: set[str] = set()
    for policy in pack.clocks:
        fault = fault_of(policy)
        if policy.id in seen or not _ID.fullmatch(policy.id):
            fault = Text(en="its id is no id, or another clock's", zh="标识无效或重复")
        if fault is not None:
            raise _refused(name, policy.id, fault)
        seen.add(policy.id)
    return msgspec.structs.replace(pack, clocks=tuple(_inherited(policy, pack) for policy in pack.clocks))


def _inherited(policy: ClockPolicy, pack: ClockPack) -> ClockPolicy:
    return msgspec.structs.replace(
        policy,
        jurisdiction=policy.jurisdiction or pack.jurisdiction,
        calendar=policy.calendar or pack.calendar,
        counting=pack.counting if policy.counting == Counting() else policy.counting,
    )


class ClockRules:
    """All packs of an installation together: a policy by its id, with the version of its pack.

    Raises SetupError `clock_pack_refused` where two packs have a clock of one id.
    """

    def __init__(self, packs: Iterable[ClockPack]) -> None:
        self.packs = tuple(packs)
        self._policies: dict[str, tuple[ClockPolicy, ClockPack]] = {}
        for pack in self.packs:
            for policy in pack.clocks:
                if policy.id in self._policies:
                    raise _refused(pack.id, policy.id, Text(en="another pack has it", zh="与其他规则包重复"))
                self._policies[policy.id] = policy, pack
        self._all = {name: policy for name, (policy, _) in self._policies.items()}

    def find(self, policy: str) -> ClockPolicy:
        """A policy by its id. Raises NotFound `unknown_clock_policy`."""
        return self._found(policy)[0]

    def get(self, policy: str) -> ClockPolicy | None:
        """A policy by its id; None where it is in no pack, or in none any more."""
        found = self._policies.get(policy)
        return None if found is None else found[0]

    def version_of(self, policy: str) -> str:
        """The version of the pack it is in. Raises NotFound `unknown_clock_policy`."""
        return self._found(policy)[1].version

    def pack_of(self, policy: str) -> str:
        """The id of the pack it is in. Raises NotFound `unknown_clock_policy`."""
        return self._found(policy)[1].id

    def all(self) -> Mapping[str, ClockPolicy]:
        """Every policy by its id."""
        return self._all

    def _found(self, policy: str) -> tuple[ClockPolicy, ClockPack]:
        if policy not in self._policies:
            raise NotFound(
                "unknown_clock_policy",
                f"No pack has a clock {policy!r}; countermand clock packs lists them.",
                f"没有名为 {policy!r} 的期限；用 countermand clock packs 查看。",
            )
        return self._policies[policy]


def applies_on(policy: ClockPolicy, day: date) -> bool:
    """Whether the rule is in force on a day."""
    force = policy.in_force
    return force.since <= day and (force.until is None or day <= force.until)


def _refused(pack: str, where: str, what: Text) -> SetupError:
    return SetupError(
        "clock_pack_refused",
        f"The deadline pack {pack} cannot be used, {where}: {what.en}.",
        f"期限规则包 {pack} 无法使用，{where}：{what.zh}。",
        pack=pack,
        where=where,
    )
