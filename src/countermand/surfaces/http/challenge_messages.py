"""What the routes of challenges and authenticators take and give."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from countermand.kernel.money import Money
from countermand.kernel.text import Text
from countermand.surfaces.http.messages import Instant
from countermand.vocabulary.authenticators import Method, Purpose
from countermand.vocabulary.operations import Identifier

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
SignedToken = Annotated[str, msgspec.Meta(min_length=1, max_length=16_384)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
Language = Literal["en", "zh"]


class ChallengeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin a challenge, or have a code sent by `method`.

    `session` and `device` are those the customer is in now. With `sealed` the details come as JWE for the key
    which that device has enrolled.
    """

    purpose: Purpose = Purpose.OPERATION
    method: Method | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    sealed: bool = False


class AccountChallengeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same for what is asked of an account; `ref` names the order to lift, or the limit to raise."""

    purpose: Purpose
    ref: Identifier | None = None
    method: Method | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    sealed: bool = False


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: `code`, `password`, `credential` (a passkey's, as the browser gives it) or `token`."""

    method: Method
    purpose: Purpose = Purpose.OPERATION
    ref: Identifier | None = None
    code: Code | None = None
    password: Password | None = None
    credential: dict[str, Any] | None = None
    token: SignedToken | None = None
    session: Identifier | None = None
    device: Identifier | None = None


class DenialRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customer says that this was not them."""

    purpose: Purpose = Purpose.OPERATION


class CallRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member of staff heard on the telephone: the code read back, or that it was not them."""

    outcome: Literal["confirmed", "denied"]
    code: Code | None = None
    purpose: Purpose = Purpose.OPERATION


class MethodShown(msgspec.Struct, frozen=True):
    """A way of answering; `to` is masked, `under_way` says whether a code can be answered now."""

    method: Method
    biometric: bool
    to: str | None
    under_way: bool | None


class NotOffered(msgspec.Struct, frozen=True):
    """A way that waits for its holder's consent to a purpose."""

    method: Method
    purpose: str
    reason: Text


class LivenessAsked(msgspec.Struct, frozen=True):
    """What the liveness provider has to sign, beside its result."""

    linked: str
    nonce: str


class ChallengeDetails(msgspec.Struct, frozen=True):
    """What only the customer is to read: exactly what is being confirmed, and how.

    `webauthn` goes to `navigator.credentials.get`; `read_back` is read out to whoever calls.
    """

    confirming: Text
    amount: Money | None
    payee: str | None
    institution: str | None
    advice: Text
    methods: list[MethodShown]
    webauthn: dict[str, Any] | None
    liveness: LivenessAsked | None
    read_back: str | None


class ChallengeShown(msgspec.Struct, frozen=True):
    """A challenge as it stands; `details` while it is open, or `sealed` for the device's key.

    `answers_left`: after so many more wrong answers none is looked at from there.
    """

    challenge: str
    purpose: Purpose
    ref: str
    account: str
    state: str
    tier: str
    reasons: list[Text]
    obligations: list[str]
    begun_at: Instant
    expires_at: Instant
    missing: list[str]
    not_offered: list[NotOffered]
    answered: list[Method]
    answers_left: int | None
    warning: Text | None
    confirmation: str | None
    details: ChallengeDetails | None
    sealed: str | None


class ProofShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password or the code of an authenticator app, shown with the request itself."""

    method: Literal["password", "totp"]
    code: Code | None = None
    password: Password | None = None


class EnrolmentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Begin to enrol. `holder_device` holds it or receives its codes (default: `device`).

    `device_suspect`: the device was first seen while the account was at risk.
    """

    method: Method
    name: Name
    address: Address | None = None
    holder_device: Identifier | None = None
    biometric: bool = False
    language: Language = "zh"
    sealing_key: dict[str, Any] | None = None
    proof: ProofShown | None = None
    confirmation: Identifier | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    device_suspect: bool = False


class FinishRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Finish to enrol: the code, the new password, or what `navigator.credentials.create` gave."""

    method: Method
    code: Code | None = None
    password: Password | None = None
    credential: dict[str, Any] | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    device_suspect: bool = False


class NameRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an authenticator is to be called."""

    name: Name


class RemovalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Remove an authenticator; an active one wants a proof like a new one."""

    proof: ProofShown | None = None
    confirmation: Identifier | None = None
    session: Identifier | None = None
    device: Identifier | None = None
    device_suspect: bool = False


class AuthenticatorShown(msgspec.Struct, frozen=True):
    """Something the holder enrolled; `to` is masked, `seals` says that it has a sealing key.

    `otpauth` and `webauthn` come once, when enrolling begins.
    """

    authenticator: str
    account: str
    method: Method
    name: str
    device: str | None
    state: str
    to: str | None
    biometric: bool
    seals: bool
    created_at: Instant
    used_at: Instant | None
    pending_until: Instant | None
    otpauth: str | msgspec.UnsetType | None = msgspec.UNSET
    webauthn: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


class AuthenticatorList(msgspec.Struct, frozen=True):
    """Those of an account that are active, or being enrolled."""

    authenticators: list[AuthenticatorShown]
