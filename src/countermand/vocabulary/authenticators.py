"""What a customer proves with: methods, what kind of factor each is, and the authenticators of an account."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Method(StrEnum):
    """The ways of answering a challenge."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    TOTP = "totp"
    SMS = "sms"
    EMAIL = "email"
    WEBAUTHN = "webauthn"
    LIVENESS = "liveness"
    OUT_OF_BAND_CALL = "out_of_band_call"


class Factor(StrEnum):
    """Something one knows, has, or is (EBA RTS 2018/389, articles 6 to 8)."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    INHERENCE = "inherence"


# These leave the house as a code on their way to the customer.
SENT = frozenset({Method.SMS, Method.EMAIL})
# These are read off one device and typed into another, or into the same one.
TYPED = SENT | {Method.TOTP, Method.OUT_OF_BAND_CALL}
# One of these is enrolled before it can prove anything; the others need nothing of the account.
ENROLLED = frozenset({Method.PASSWORD, Method.TOTP, Method.SMS, Method.EMAIL, Method.WEBAUTHN})


class AuthenticatorState(StrEnum):
    """pending → active → removed; a pending one proves nothing."""

    PENDING = "pending"
    ACTIVE = "active"
    REMOVED = "removed"


class Authenticator(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that an account's holder enrolled.

    `device` is the institution's fingerprint of the device that holds it or receives its codes, where known.
    `secret` is sealed: only the vault reads it. `public` needs no secrecy: a passkey's public key and flags,
    a masked address, the key that payloads for the device are sealed to. `counter` only grows: the last time
    step of TOTP, the signature counter of a passkey. Instants are microseconds UTC.
    """

    id: str
    account: str
    method: Method
    name: str
    device: str | None
    secret: bytes | None
    public: dict[str, Any]
    counter: int = 0
    state: AuthenticatorState = AuthenticatorState.PENDING
    created_at: int
    pending_until: int | None = None
    used_at: int | None = None
    removed_at: int | None = None


class Purpose(StrEnum):
    """What a confirmation is for; one for this never serves for that."""

    OPERATION = "operation"
    RELEASE = "release"
    LIFT = "lift"
    LIMIT = "limit"
    ENROL = "enrol"


class Confirmation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a passed challenge leaves behind: who proved what, how strongly, from where and when.

    It speaks for one `purpose` on one `ref` (an operation, an order, an account), for exactly what `linked`
    digests: changed afterwards, it proves nothing. `strength` counts independent factors, twice for those
    that a thief of the session's device would not have. `seal` is the house's MAC over all the rest. `at` in
    microseconds UTC.
    """

    id: str
    purpose: Purpose
    ref: str
    account: str
    linked: str
    strength: int
    factors: tuple[Factor, ...]
    methods: tuple[Method, ...]
    device: str | None
    session: str | None
    at: int
    seal: str = ""
