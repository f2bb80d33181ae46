"""How long what is kept: a purpose, a legal basis and a time for each kind of data, as versioned data."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

import msgspec

from countermand.evidence.holds import LegalHold, binding
from countermand.kernel.canonical import canonical_bytes, digest
from countermand.kernel.clock import MICROS_PER_DAY
from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text


class Kept(StrEnum):
    """What a rule is about. case_data: everything under the data keys of a case, exhibits and words alike.

    upload: what was begun and never finished. instrument: a tokenised number, from its last use.
    """

    CASE_DATA = "case_data"
    THIRD_PARTY = "third_party"
    UPLOAD = "upload"
    INSTRUMENT = "instrument"


class RetentionRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why something is kept, by what right, and for how many days after its end (case closed, last use)."""

    kept: Kept
    purpose: Text
    basis: Text
    law: tuple[str, ...]
    days: int


class RetentionPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """The rules of one house or jurisdiction; `stamp` says that it is no legal advice."""

    id: str
    jurisdiction: str
    stamp: Text
    rules: tuple[RetentionRule, ...]

    @cached_property
    def version(self) -> str:
        """Sixteen hex digits that stand for everything the pack says."""
        return digest(canonical_bytes(msgspec.to_builtins(self))).hex()[:16]

    def rule_of(self, kept: Kept) -> RetentionRule:
        """The rule about something; the reader has made sure that there is one."""
        return next(rule for rule in self.rules if rule.kept is kept)

    def ends_at(self, kept: Kept, since: int) -> int:
        """When something may go that came to its end at `since`; microseconds UTC."""
        return since + self.rule_of(kept).days * MICROS_PER_DAY


def read_retention(name: str, text: str) -> RetentionPack:
    """The pack in a file's text. Raises SetupError (`retention_refused`)."""
    try:
        pack = msgspec.yaml.decode(text, type=RetentionPack)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(name, Text(en=str(error), zh=str(error))) from error
    about = [rule.kept for rule in pack.rules]
    if sorted(about) != sorted(Kept):
        raise _refused(
            name, Text(en="one rule for each kind of data is wanted", zh="每类数据须有且仅有一条规则")
        )
    if any(rule.days < 1 or not rule.law for rule in pack.rules):
        raise _refused(name, Text(en="a rule lacks its law or its days", zh="规则缺少法律依据或天数"))
    if not ("not legal advice" in pack.stamp.en and "不构成法律意见" in pack.stamp.zh):
        raise _refused(name, Text(en="it does not say “not legal advice”", zh="缺少“不构成法律意见”的声明"))
    return pack


def may_go(
    pack: RetentionPack, kept: Kept, ended_at: int | None, now: int, holds: Iterable[LegalHold]
) -> bool:
    """Whether something is over its time and nothing holds it; what has not ended stays."""
    if ended_at is None or binding(holds):
        return False
    return pack.ends_at(kept, ended_at) <= now


def _refused(name: str, what: Text) -> SetupError:
    return SetupError(
        "retention_refused",
        f"The retention rules in {name} cannot be used: {what.en}.",
        f"无法使用 {name} 中的留存规则：{what.zh}。",
    )
