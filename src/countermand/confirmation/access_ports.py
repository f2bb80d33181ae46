"""What signing in asks of whoever keeps accounts, invitations, credentials and sessions of staff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from countermand.confirmation.lockout import Strikes
from countermand.vocabulary.authenticators import Authenticator, Method
from countermand.vocabulary.staff import Role
from countermand.vocabulary.staff_access import (
    Attempt,
    Invitation,
    KeptForm,
    Session,
    SessionEnd,
    StaffAccount,
)


class AccessBook(Protocol):
    """The accounts of staff and all that belongs to them; every call happens inside one transaction."""

    async def account(self, name: str) -> StaffAccount | None:
        """One account, also of who has left, locked."""
        ...

    async def accounts(self) -> list[StaffAccount]:
        """Every account, by name."""
        ...

    async def key_roles(self, name: str) -> frozenset[Role]:
        """What somebody's good personal keys let them act as."""
        ...

    async def put_account(self, account: StaffAccount) -> None:
        """A new account, or what became of a locked one.

        Raises Conflict (`subject_linked`): another account is linked to this subject.
        """
        ...

    async def linked(self, issuer: str, subject: str) -> StaffAccount | None:
        """Whom a provider means."""
        ...

    async def invitation(self, digest: bytes) -> Invitation | None:
        """The invitation of a link, locked."""
        ...

    async def invitations(self) -> list[Invitation]:
        """Every invitation, newest first."""
        ...

    async def put_invitation(self, invitation: Invitation) -> None:
        """A new one, or how a locked one ended."""
        ...

    async def credentials(self, name: str) -> list[Authenticator]:
        """What somebody signs in with, locked; in order of id."""
        ...

    async def put_credentials(self, credentials: Sequence[Authenticator]) -> None:
        """New ones, and what became of locked ones. Raises Conflict (`passkey_known`)."""
        ...

    async def strikes(self, name: str) -> dict[tuple[Method, str], Strikes]:
        """The wrong answers for somebody by method and standing, locked."""
        ...

    async def strike(self, strikes: Strikes) -> None:
        """What became of locked strikes."""
        ...

    async def put_session(self, session: Session) -> None:
        """A new session, or a proof shown in it."""
        ...

    async def sessions(self, name: str) -> list[Session]:
        """The sessions of somebody that were not ended, the last used first; some may be over."""
        ...

    async def end_sessions(
        self, name: str, at: int, how: SessionEnd, *, only: str | None = None, but: str | None = None
    ) -> int:
        """End sessions of somebody: one (`only`, an id), all `but` one, or all; how many ended."""
        ...

    async def put_attempt(self, attempt: Attempt) -> None:
        """A way in, begun or gone on with; those whose time is up are forgotten."""
        ...

    async def attempt(self, digest: bytes) -> Attempt | None:
        """One, locked; also where its time is up."""
        ...

    async def end_attempt(self, digest: bytes) -> None:
        """It came to its end, good or bad."""
        ...

    async def knows_browser(self, digest: bytes, name: str) -> bool:
        """Whether somebody has signed in there before."""
        ...

    async def know_browser(self, digest: bytes, name: str, at: int) -> None:
        """They have now."""
        ...

    async def forget_browsers(self, name: str) -> None:
        """None is theirs any more."""
        ...

    async def keep_form(self, form: KeptForm) -> None:
        """Keep what was sent; of one person the newest few are kept."""
        ...

    async def kept_form(self, form: str, name: str, now: int) -> KeptForm | None:
        """What somebody sent, if it is theirs and its time is not up."""
        ...

    async def drop_form(self, form: str) -> None:
        """It was sent again."""
        ...


class SessionShelf(Protocol):
    """Sessions as every request asks for them: from the database each time, so that an end binds at once."""

    async def find(self, digest: bytes) -> tuple[Session, StaffAccount] | None:
        """The session of a cookie with its holder as they are now. Raises Unavailable."""
        ...

    async def seen(self, digest: bytes, at: int) -> None:
        """It was used. Raises Unavailable."""
        ...


class Identity(NamedTuple):
    """Whom a provider of single sign-on vouches for: its own address, and its name for them."""

    issuer: str
    subject: str


class IdentityProvider(Protocol):
    """OpenID Connect (Core 1.0): the authorization code flow with PKCE (RFC 7636)."""

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises Unavailable."""
        ...

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity | None:
        """Whom the code means; None where code, signature, audience, time or nonce are wrong.

        Raises Unavailable.
        """
        ...
