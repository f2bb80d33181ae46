"""Staff who sign in with a browser: their accounts, invitations, sessions, and when a session is over."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.staff import Role, Staff, Verb

# How long a proof of the second factor is good for acts that cannot simply be taken back.
STEP_UP_SECONDS = 300
ATTEMPT_SECONDS = 600
# A session is written as seen at most this often; its idle end is exact to as much.
SEEN_SECONDS = 30
# Moves money, lifts, shows what is covered, opens to outsiders, agrees for the second time, changes people.
STEP_UP_VERBS = frozenset(
    {
        Verb.MOVE_MONEY, Verb.LIFT, Verb.UNMASK, Verb.WAIVE_CLOCK, Verb.ERASE, Verb.APPROVE, Verb.BREAK_GLASS,
        Verb.GRANT, Verb.ANSWER_MANY, Verb.EXPORT, Verb.CONFIGURE,
    }
)  # fmt: skip


class SessionTerms(NamedTuple):
    """How long a session lives without use, and at most; how long an invitation is good."""

    idle_seconds: int = 1800
    session_seconds: int = 12 * 3600
    invitation_seconds: int = 72 * 3600


class StaffAccount(NamedTuple):
    """Somebody who may sign in; instants are microseconds UTC.

    `issuer` and `subject` are what a provider of single sign-on calls them, where one vouches for them.
    """

    name: str
    roles: frozenset[Role]
    joined_at: int
    invited_by: str
    changed_at: int
    changed_by: str
    left_at: int | None = None
    issuer: str | None = None
    subject: str | None = None

    @property
    def staff(self) -> Staff:
        """Who acts."""
        return Staff(name=self.name, roles=self.roles)


class InvitationEnd(StrEnum):
    """How an invitation ended before its time was up."""

    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Invitation(NamedTuple):
    """Somebody asked to join; `digest` is of what stands in the link, which is kept nowhere."""

    digest: bytes
    id: str
    name: str
    roles: frozenset[Role]
    invited_at: int
    invited_by: str
    ends_at: int
    ended_at: int | None = None
    outcome: InvitationEnd | None = None


class SessionEnd(StrEnum):
    """How a session ended before its time was up."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    LEFT = "left"
    REPLACED = "replaced"


class Session(NamedTuple):
    """A browser in which somebody is signed in; `digest` is of its cookie. Instants are microseconds UTC.

    `proved_at` is when they last showed a second factor there, `how` what they signed in with, `place` what
    the browser says it is.
    """

    digest: bytes
    id: str
    staff: str
    begun_at: int
    seen_at: int
    proved_at: int
    ends_at: int
    how: str
    place: str
    ended_at: int | None = None
    outcome: SessionEnd | None = None


def ends_at(session: Session, terms: SessionTerms) -> int:
    """When it ends if nobody uses it any more."""
    return min(session.ends_at, session.seen_at + terms.idle_seconds * MICROS_PER_SECOND)


def is_open(session: Session, now: int, terms: SessionTerms) -> bool:
    """Whether requests with it are answered."""
    return session.ended_at is None and now < ends_at(session, terms)


def is_recent(session: Session, now: int) -> bool:
    """Whether its holder has shown a second factor just now.

    >>> session = Session(b"", "s", "li", 0, 0, 0, 10**12, "totp", "")
    >>> is_recent(session, 300 * 10**6), is_recent(session, 300 * 10**6 + 1)
    (True, False)
    """
    return now - session.proved_at <= STEP_UP_SECONDS * MICROS_PER_SECOND


class AttemptKind(StrEnum):
    """What somebody is half through."""

    SIGN_IN = "sign_in"
    JOIN = "join"
    PROVE = "prove"
    ENROL = "enrol"
    PROVIDER = "provider"


class Attempt(NamedTuple):
    """A way in, half gone; `digest` is of the cookie, or of what a provider gives back."""

    digest: bytes
    kind: AttemptKind
    staff: str | None
    sealed: bytes
    begun_at: int
    ends_at: int


class KeptForm(NamedTuple):
    """What somebody sent after their session had ended, until they have signed in again."""

    id: str
    staff: str
    sealed: bytes
    kept_at: int
    ends_at: int
