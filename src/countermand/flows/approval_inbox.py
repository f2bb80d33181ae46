"""The inbox of approvals: what waits for somebody's word, the oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from countermand.confirmation.approvals import Waiting, chain_for, progress, roles_of, seat_of
from countermand.confirmation.pack import Agreements
from countermand.flows.cursors import cursor_of, read_cursor
from countermand.kernel.clock import MICROS_PER_SECOND, Clock, rfc3339
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.approvals import Approval, Approver, Chain, Delegation
from countermand.work import Unit, Works

PAGE_WAITING_MAX = 50
# Looked through for one page at most; who has few of many asks again with `next`.
LOOKED_AT_MAX = 1_000
_BATCH = 200


class InboxHouse(Protocol):
    """What this story needs of the house."""

    @property
    def works(self) -> Works: ...

    @property
    def agreements(self) -> Agreements: ...

    @property
    def clock(self) -> Clock: ...


class _Asker(NamedTuple):
    """Who looks, in which roles, and who else may approve."""

    person: str
    roles: frozenset[str]
    approvers: Sequence[Approver]
    delegations: Sequence[Delegation]
    chains: Sequence[Chain]
    now: int


async def approval_inbox(
    house: InboxHouse, person: str, role: str | None = None, after: str = ""
) -> dict[str, Any]:
    """A page of what this person may approve now, in one role or in all of theirs; `next`: the page behind.

    Only what they may speak about themselves: not what they asked for, nor where they have spoken already.
    Raises Forbidden (`not_an_approver`: they lack the role), BadRequest (`bad_cursor`), Unavailable.
    """
    place = read_cursor(after, tuple[int, str]) if after else None
    now = house.clock.now()
    async with house.works.open() as unit:
        approvers, delegations = await unit.approvals.approvers(), await unit.approvals.delegations(now)
        roles = roles_of(person, approvers, delegations, now)
        if role is not None and role not in roles:
            raise Forbidden(
                "not_an_approver",
                f"{person} does not have the role “{role}”.",
                f"{person} 不具备角色“{role}”。",
                role=role,
            )
        wanted = roles if role is None else frozenset({role})
        asker = _Asker(person, wanted, approvers, delegations, house.agreements.chains, now)
        page, behind = await _page(unit, asker, place)
    more = None if behind is None else cursor_of(behind)
    return {"roles": sorted(roles), "waiting": page, "next": more}


async def _page(
    unit: Unit, asker: _Asker, place: tuple[int, str] | None
) -> tuple[list[dict[str, Any]], tuple[int, str] | None]:
    """What waits for the asker behind a place, and where to go on; None: there is no more."""
    page: list[dict[str, Any]] = []
    for _ in range(LOOKED_AT_MAX // _BATCH if asker.roles else 0):
        found = await unit.approvals.waiting(place, asker.now, _BATCH)
        said: dict[str, list[Approval]] = {one.hold.operation: [] for one in found}
        for word in await unit.approvals.said(list(said)):
            said[word.operation].append(word)
        for one in found:
            if len(page) == PAGE_WAITING_MAX:
                return page, place
            place = (one.hold.placed_at, one.hold.operation)
            shown = _shown(one, said[one.hold.operation], asker)
            if shown is not None:
                page.append(shown)
        if len(found) < _BATCH:
            return page, None
    return page, place if asker.roles else None


def _shown(one: Waiting, said: Sequence[Approval], asker: _Asker) -> dict[str, Any] | None:
    """One operation for the door; None where it is not this person's turn."""
    hold, chain = one.hold, chain_for(one.hold, one.asked, asker.chains)
    where = progress(chain, said)
    if where.role not in asker.roles:
        return None
    try:
        level, principal = seat_of(
            asker.person, chain, said, asker.approvers, asker.delegations, one.makers, asker.now
        )
    except (Forbidden, Conflict):
        return None
    amount = None
    if hold.amount_minor is not None:
        amount = {"minor": hold.amount_minor, "currency": hold.currency}
    return {
        "operation": hold.operation,
        "account": hold.account,
        "kind": hold.kind,
        "amount": amount,
        "counterparty": hold.counterparty,
        "placed_at": rfc3339(hold.placed_at),
        "deadline": rfc3339(hold.expires_at),
        "seconds_left": (hold.expires_at - asker.now) // MICROS_PER_SECOND,
        "chain": chain.id,
        "role": where.role,
        "on_behalf_of": principal,
        "persons_missing": where.missing,
        "levels_done": level,
        "levels": [{"role": step.role, "persons": step.persons} for step in chain.levels],
        "said": [{"level": word.level, "by": word.by, "at": rfc3339(word.at)} for word in said],
    }
