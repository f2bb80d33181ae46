"""What challenges ask of whoever keeps their records, guards their secrets and checks what customers show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from countermand.confirmation.challenges import Challenge
from countermand.confirmation.lockout import Strikes
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Authenticator, Confirmation, Method, Purpose


class AuthenticatorBook(Protocol):
    """The authenticators of accounts; every call happens inside one transaction."""

    async def of_account(self, account: str) -> list[Authenticator]:
        """Those of an account that were not removed, locked, in order of id."""
        ...

    async def put(self, authenticators: Sequence[Authenticator]) -> None:
        """Write new ones, and what became of locked ones.

        Raises Conflict (`passkey_known`) for a passkey that is enrolled already.
        """
        ...


class ChallengeBook(Protocol):
    """Challenges, confirmations, strikes; every call happens inside one transaction."""

    async def last(self, purpose: Purpose, ref: str) -> Challenge | None:
        """The newest challenge about something, locked, so that two answers follow each other."""
        ...

    async def put(self, challenge: Challenge) -> None:
        """Write a new challenge, or what became of a locked one."""
        ...

    async def strikes(self, account: str) -> dict[tuple[Method, str], Strikes]:
        """The wrong answers of an account by method and standing, locked."""
        ...

    async def strike(self, strikes: Strikes) -> None:
        """Write what became of locked strikes."""
        ...


class CodeLedger(Protocol):
    """When codes left, by budget; every call happens inside one transaction."""

    async def sent(self, budgets: Collection[str]) -> dict[str, tuple[int, ...]]:
        """The instants (microseconds UTC) of each of these budgets, locked: codes follow each other."""
        ...

    async def keep(self, sent: Mapping[str, Sequence[int]]) -> None:
        """Write the instants of locked budgets."""
        ...


class ConfirmationBook(Protocol):
    """What was proved, and what can be shown only once; every call happens inside one transaction."""

    async def add(self, proof: Confirmation, evidence: Sequence[Mapping[str, Any]]) -> None:
        """Keep a proof with the raw evidence behind it."""
        ...

    async def find(self, confirmation: str) -> Confirmation | None:
        """One proof by its id."""
        ...

    async def spend(self, token: str, expires_at: int) -> bool:
        """Take a token that counts once until `expires_at`; False where it was taken before."""
        ...

    async def undelivered(self, account: str, now: int) -> frozenset[str]:
        """Methods whose codes went nowhere within ten minutes.

        For everybody, where the last ones got stuck on their way; for this account, where its own address
        was refused.
        """
        ...


class Vault(Protocol):
    """Where the keys are: AES-256-GCM for what is kept, HMAC-SHA256 keys for what is compared."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; it opens only with the same context."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt. Raises KeyMissing (`vault_cannot_open`): another key, another context, or altered."""
        ...

    def mac_key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, always the same."""
        ...


class Passwords(Protocol):
    """How passwords are kept and judged; hashing is slow on purpose and never blocks the loop."""

    async def hashed(self, password: str) -> str:
        """The password as it is kept."""
        ...

    async def fits(self, kept: str, password: str) -> bool:
        """Whether it is the one that is kept."""
        ...

    async def guessable(self, password: str, known: Sequence[str]) -> bool:
        """Whether an attacker who knows `known` (names, the account) would soon guess it."""
        ...

    async def breached(self, password: str) -> bool:
        """Whether it stands in a list of leaked passwords."""
        ...


class TimeCodes(Protocol):
    """TOTP (RFC 6238)."""

    def new_secret(self) -> str:
        """A fresh secret in base 32."""
        ...

    def address(self, secret: str, account: str) -> str:
        """The otpauth:// address that an authenticator app reads."""
        ...

    def step_of(self, secret: str, code: str, now: int) -> int | None:
        """The time step whose code this is: the current one or a neighbour; None where it is none."""
        ...


class Passkey(NamedTuple):
    """A passkey that was registered, or used; `counter` is its signature counter."""

    credential: str
    public_key: str
    counter: int
    platform: bool
    user_verified: bool


class Passkeys(Protocol):
    """WebAuthn, for one relying party; the person is always verified."""

    def registration(self, challenge: bytes, account: str, known: Sequence[str], *, biometric: bool) -> Any:
        """What `navigator.credentials.create` is given, as JSON values."""
        ...

    def registered(self, challenge: bytes, response: Mapping[str, Any]) -> Passkey | None:
        """The new passkey; None where the response is not about this challenge and relying party."""
        ...

    def assertion(self, challenge: bytes, known: Sequence[str]) -> Any:
        """What `navigator.credentials.get` is given, as JSON values."""
        ...

    def asserted(
        self, challenge: bytes, response: Mapping[str, Any], key: str, counter: int
    ) -> Passkey | None:
        """The passkey after a use; None where signature, challenge, origin or counter are wrong."""
        ...


class LivenessResult(NamedTuple):
    """What the provider signed: its token counts once, until `expires_at` (microseconds UTC)."""

    token: str
    expires_at: int
    document_match: bool
    device: str | None


class Liveness(Protocol):
    """A provider of liveness checks, known by its keys."""

    def judge(self, signed: str, linked: str, nonce: str, now: int) -> LivenessResult | None:
        """The result; None unless the provider signed it, for this digest and nonce, live, and just now."""
        ...


class Envelope(Protocol):
    """Payloads that only the customer's device can read (JWE, ECDH-ES, RFC 7516)."""

    def check_key(self, key: Mapping[str, Any]) -> dict[str, Any]:
        """A public key (JWK, P-256 or X25519) in its shortest form. Raises BadRequest (`bad_sealing_key`)."""
        ...

    def sealed(self, payload: bytes, key: Mapping[str, Any]) -> str:
        """The payload as compact JWE."""
        ...


class CodeMessage(NamedTuple):
    """A one-time code on its way; `id` is the idempotency key, `to` the full address."""

    id: str
    to: str
    text: Text
    language: str


class CodeSender(Protocol):
    """Takes a message to one kind of address. One that was accepted may still be lost on the way."""

    async def send(self, message: CodeMessage) -> dict[str, Any]:
        """Hand it over; what the peer said.

        Raises Unavailable (try again later) and BadRequest (`code_refused`: this address, never).
        """
        ...
