"""What the acts of the desk ask of the store beside the cases themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from countermand.cases.likeness import Trait
from countermand.vocabulary.cases import Case
from countermand.vocabulary.staff import Member


class Disclosure(NamedTuple):
    """One look at a text as it was; `glass` names the broken glass it rests on. Microseconds UTC."""

    id: str
    case: str
    message: str
    field: str
    purpose: str
    reason: str
    viewer: str
    approved_by: str | None
    glass: str | None
    at: int


class Glass(NamedTuple):
    """A case opened beyond a role, from `begun_at` to `ends_at` (microseconds UTC), and its review."""

    id: str
    case: str
    staff: str
    reason: str
    begun_at: int
    ends_at: int
    reviewed_at: int | None = None
    reviewed_by: str | None = None
    justified: bool | None = None
    finding: str | None = None


class Grant(NamedTuple):
    """A case opened to somebody outside, from `given_at` to `ends_at` or `ended_at` (microseconds UTC)."""

    id: str
    case: str
    staff: str
    purpose: str
    reason: str
    given_at: int
    given_by: str
    ends_at: int
    ended_at: int | None = None
    ended_by: str | None = None


class GrantedCase(NamedTuple):
    """A grant, and the case it opens, as far as its state goes. `due_at` (microseconds UTC) is of `clock`."""

    grant: Grant
    number: str
    stage: str
    category: str
    contained: str
    clock: str | None
    due_at: int | None
    overdue: bool


class SecondLook(NamedTuple):
    """An act that waits for a second person; `asked` is sealed. Microseconds UTC."""

    id: str
    case: str
    verb: str
    asked: bytes
    asked_by: str
    asked_at: int
    ends_at: int
    agreed: bool | None = None
    answered_by: str | None = None
    answered_at: int | None = None
    reason: str | None = None


class CaseTask(NamedTuple):
    """Something to be done in a case. Microseconds UTC."""

    id: str
    case: str
    title: str
    role: str | None
    owner: str | None
    due_at: int | None
    made_at: int
    made_by: str
    done_at: int | None = None
    done_by: str | None = None


class Draft(NamedTuple):
    """What somebody has begun to write, sealed, before `version` of the case. Microseconds UTC."""

    case: str
    staff: str
    sealed: bytes
    version: int
    saved_at: int


class Presence(NamedTuple):
    """Somebody has a case before them: reading or writing. Microseconds UTC."""

    case: str
    staff: str
    doing: str
    seen_at: int


class Cause(NamedTuple):
    """Why it could happen, where, and who puts an end to that. Microseconds UTC."""

    case: str
    closed_at: int
    cause: str
    account: str | None
    merchant: str | None
    system: str | None
    fix_owner: str | None
    fix_due_at: int | None


class Recurrence(NamedTuple):
    """How often the same cause came back since an instant, by what it has in common."""

    account: int
    merchant: int
    system: int


class DeskBook(Protocol):
    """Staff and what they leave beside the cases, within one transaction."""

    async def member(self, name: str) -> Member:
        """What is known of somebody; of who was never entered, nothing but the roles of their keys."""
        ...

    async def members(self) -> list[Member]:
        """Everybody with a good key for the desk, by name."""
        ...

    async def put_member(self, member: Member, at: int, by: str) -> None:
        """Enter or change somebody; roles stand with the keys."""
        ...

    async def loads(self) -> Mapping[str, int]:
        """Open cases by owner."""
        ...

    async def disclose(self, disclosure: Disclosure) -> None:
        """Write down a look."""
        ...

    async def disclosures(self, cases: Collection[str]) -> list[Disclosure]:
        """Every look at texts of these cases, oldest first."""
        ...

    async def put_glass(self, glass: Glass) -> None:
        """A glass broken, or reviewed."""
        ...

    async def glass(self, name: str) -> Glass | None:
        """One by its name, locked."""
        ...

    async def broken(self, case: str, staff: str, now: int) -> Glass | None:
        """The glass that somebody has broken for a case and that is still open."""
        ...

    async def put_grant(self, grant: Grant) -> None:
        """A case opened to somebody, or closed to them again."""
        ...

    async def granted(self, case: str, staff: str, now: int) -> Grant | None:
        """What opens a case to somebody now, the longest of them."""
        ...

    async def grants(self, case: str) -> list[Grant]:
        """To whom a case was ever opened, oldest first."""
        ...

    async def granted_cases(self, staff: str | None, now: int, count_max: int) -> list[GrantedCase]:
        """What is open to somebody now; without a name, whatever was ever opened. Open ones first, by end."""
        ...

    async def put_look(self, look: SecondLook) -> None:
        """An act that waits, or was answered."""
        ...

    async def look(self, name: str) -> SecondLook | None:
        """One by its name, locked."""
        ...

    async def waiting_looks(self, now: int, but: str, count_max: int) -> list[SecondLook]:
        """Those of all cases that wait, asked by others than this person, the first to end first."""
        ...

    async def looks(self, case: str) -> list[SecondLook]:
        """All of a case, newest first."""
        ...

    async def put_task(self, task: CaseTask) -> None:
        """A task: new, taken, left, done, or open again."""
        ...

    async def tasks(self, case: str) -> list[CaseTask]:
        """All of a case, those due first first."""
        ...

    async def put_draft(self, draft: Draft) -> None:
        """Keep what was begun; the newest of one person in one case."""
        ...

    async def draft(self, case: str, staff: str, since: int) -> Draft | None:
        """What somebody has begun, unless it is older than `since`."""
        ...

    async def drop_draft(self, case: str, staff: str, before: int) -> None:
        """It was sent, or thrown away; and all that nobody touched since `before`."""
        ...

    async def be_there(self, presence: Presence, since: int) -> list[Presence]:
        """Say that one is there; everybody who was since, and who was not is forgotten."""
        ...

    async def put_cause(self, cause: Cause) -> None:
        """The cause of a case that closes."""
        ...

    async def recurrence(self, cause: Cause, since: int) -> Recurrence:
        """How often this cause closed other cases of the same account, merchant or system since."""
        ...

    async def traits(self, case: Case, since: int, count_max: int) -> Sequence[Trait]:
        """What a case is compared by (first), and open cases since an instant it may be like."""
        ...

    async def of_numbers(self, numbers: Collection[str]) -> Mapping[str, str]:
        """The ids of cases by number; unknown ones are left out."""
        ...

    async def numbers_of(self, cases: Collection[str]) -> Mapping[str, str]:
        """The numbers of cases by id."""
        ...
