"""Who approves what: chains of levels, approvers and their roles, delegation, and what was said."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from countermand.vocabulary.operations import Amount, Kind, Word

LEVELS_MAX = 5
PERSONS_PER_LEVEL_MAX = 5


class Verdict(StrEnum):
    """What an approver said; one refusal ends the operation."""

    APPROVE = "approve"
    REFUSE = "refuse"


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a chain: `persons` different holders of a role."""

    role: Word
    persons: Annotated[int, msgspec.Meta(ge=1, le=PERSONS_PER_LEVEL_MAX)] = 1


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who has to approve, level after level; what is left out does not narrow it.

    `corridors` are `from>to` country pairs, `*` for any: `CN>*` is everything that leaves China.
    """

    id: Word
    levels: Annotated[tuple[Level, ...], msgspec.Meta(min_length=1, max_length=LEVELS_MAX)]
    kinds: tuple[Kind, ...] = ()
    at_least: Amount | None = None
    account_types: tuple[Word, ...] = ()
    corridors: tuple[Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2}|\*)>([A-Z]{2}|\*)$(?!\n)")], ...] = ()


class Approver(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may approve, by the name of their key; `until` in microseconds UTC."""

    name: str
    roles: tuple[str, ...]


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """`delegate` acts in `principal`'s roles from `since` to before `until`, microseconds UTC."""

    principal: str
    delegate: str
    since: int
    until: int


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """One word of one person about one operation: at which level, for whom they acted, why, when."""

    operation: str
    level: int
    by: str
    on_behalf_of: str | None
    verdict: Verdict
    reason: str
    at: int
