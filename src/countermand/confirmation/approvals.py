"""The rules of approving: which chain an operation takes, who may speak, and when it is complete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.approvals import Approval, Approver, Chain, Delegation, Level, Verdict
from countermand.vocabulary.holds import Hold
from countermand.vocabulary.operations import Operation

# An operation that no chain is written for still needs somebody else's word.
ANY_CHAIN = Chain(id="default", levels=(Level(role="approver"),))


@dataclass(frozen=True, slots=True)
class Asked:
    """What chooses the chain, besides the hold itself."""

    account_type: str | None
    corridor: str | None


class Waiting(NamedTuple):
    """A hold that waits for an approval, what chooses its chain, and who asked for it."""

    hold: Hold
    asked: Asked
    makers: frozenset[str]


def asked_of(operation: Operation, account_type: str | None) -> Asked:
    """What chooses the chain of an operation of an account of this type (None: unknown)."""
    corridor = (operation.attributes or {}).get("corridor")
    return Asked(account_type, corridor if isinstance(corridor, str) else None)


def makers_of(operation: Operation) -> frozenset[str]:
    """Who asked for it: the customer, and the member of staff who entered it."""
    maker = (operation.attributes or {}).get("maker")
    named = (operation.person, maker if isinstance(maker, str) else None)
    return frozenset(one for one in named if one is not None)


def roles_of(
    person: str, approvers: Collection[Approver], delegations: Sequence[Delegation], now: int
) -> frozenset[str]:
    """The roles a person may speak in now: their own, and those of whom they stand in for."""
    held = {one.name: one.roles for one in approvers}
    names = {one.principal for one in delegations if one.delegate == person and one.since <= now < one.until}
    return frozenset(role for name in {person, *names} for role in held.get(name, ()))


def chain_for(hold: Hold, asked: Asked, chains: Sequence[Chain]) -> Chain:
    """The first chain whose conditions all hold; a fact that is unknown is taken for the stricter case."""
    return next((chain for chain in chains if _applies(chain, hold, asked)), ANY_CHAIN)


def _applies(chain: Chain, hold: Hold, asked: Asked) -> bool:
    least = chain.at_least
    if chain.kinds and hold.kind not in {kind.value for kind in chain.kinds}:
        return False
    # An amount in another currency cannot be compared, so it counts as large.
    if least is not None and hold.currency == least.currency and (hold.amount_minor or 0) < least.minor:
        return False
    if (
        asked.account_type is not None
        and chain.account_types
        and asked.account_type not in chain.account_types
    ):
        return False
    if not chain.corridors:
        return True
    # An operation that names no corridor stays at home.
    return asked.corridor is not None and any(fnmatchcase(asked.corridor, way) for way in chain.corridors)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation is: the level that is open (None when all are done) and who is missing there."""

    refused: bool
    level: int | None
    role: str | None
    missing: int

    @property
    def complete(self) -> bool:
        """Every level has its persons and nobody refused."""
        return not self.refused and self.level is None


def progress(chain: Chain, said: Sequence[Approval]) -> Progress:
    """Where an operation stands in its chain."""
    if any(one.verdict is Verdict.REFUSE for one in said):
        return Progress(True, None, None, 0)
    for number, level in enumerate(chain.levels):
        given = sum(1 for one in said if one.level == number)
        if given < level.persons:
            return Progress(False, number, level.role, level.persons - given)
    return Progress(False, None, None, 0)


def seat_of(
    person: str,
    chain: Chain,
    said: Sequence[Approval],
    approvers: Collection[Approver],
    delegations: Sequence[Delegation],
    makers: Collection[str],
    now: int,
) -> tuple[int, str | None]:
    """The level a person may speak at now, and for whom they act (None: for themselves).

    Whoever asked for the operation never approves it, and nobody counts twice: neither by a second role, nor
    through a delegate, nor as a delegate beside their own word.

    Raises Forbidden (`maker_is_checker`, `not_an_approver`), Conflict (`approved_already`,
    `approvals_complete`, `approval_refused`).
    """
    where = progress(chain, said)
    if where.refused:
        raise Conflict(
            "approval_refused",
            "Somebody has refused this operation; it is over.",
            "该操作已被拒绝，审批已结束。",
        )
    if where.level is None or where.role is None:
        raise Conflict(
            "approvals_complete", "This operation needs no further word.", "该操作的审批已全部完成。"
        )
    if person in makers:
        raise _maker(person)
    spoken = {one.by for one in said} | {one.on_behalf_of for one in said if one.on_behalf_of}
    if person in spoken:
        raise Conflict(
            "approved_already",
            f"{person} has spoken about this operation; the next word must be another person's.",
            f"{person} 已对该操作表态；须由其他人继续审批。",
        )
    holders = {one.name for one in approvers if where.role in one.roles}
    if person in holders:
        return where.level, None
    principals = [
        one.principal for one in delegations if one.delegate == person and one.since <= now < one.until
    ]
    for principal in principals:
        if principal in holders and principal not in spoken and principal not in makers:
            return where.level, principal
    raise Forbidden(
        "not_an_approver",
        f"{person} does not have the role “{where.role}”, which is asked at this level.",
        f"{person} 不具备本级审批所需的角色“{where.role}”。",
        role=where.role,
    )


def _maker(person: str) -> Forbidden:
    return Forbidden(
        "maker_is_checker",
        f"{person} asked for this operation; another person must approve it.",
        f"该操作由 {person} 发起，须由其他人审批。",
    )
