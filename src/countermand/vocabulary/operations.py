"""What a customer does, as an institution sends it: the one schema of an operation.

These structures are the schema: the wire parser, the JSON Schema, the OpenAPI document and the reference
page are all derived from them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from countermand.kernel.money import MINOR_MAX

# `$` alone lets a line feed at the end pass.
PRINTABLE = r"^[^\x00-\x1f\x7f]+$(?!\n)"
# Beyond this a JSON number means different things to different readers (RFC 7493, I-JSON).
INTEGER_MAX = 2**53 - 1

Identifier = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=128,
        pattern=PRINTABLE,
        description="1 to 128 printable characters",
    ),
]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=PRINTABLE)]


class Kind(StrEnum):
    """What the customer (or someone in their name) asks for."""

    LOGIN = "login"
    REGISTER = "register"
    LOAN_APPLY = "loan_apply"
    LOAN_DISBURSE = "loan_disburse"
    PAYMENT = "payment"
    TRANSFER = "transfer"
    WITHDRAWAL = "withdrawal"
    REPAYMENT = "repayment"
    DEPOSIT = "deposit"
    REFUND = "refund"
    DEVICE_BIND = "device_bind"
    DEVICE_UNBIND = "device_unbind"
    CREDENTIAL_CHANGE = "credential_change"
    CONTACT_CHANGE = "contact_change"
    LIMIT_CHANGE = "limit_change"
    BENEFICIARY_ADD = "beneficiary_add"
    MANDATE_CREATE = "mandate_create"
    MANDATE_RUN = "mandate_run"
    MANDATE_CANCEL = "mandate_cancel"
    DATA_EXPORT = "data_export"


# Money leaves the account, or a debt arises in its name: what is unknown must not help here.
MOVES_MONEY = frozenset({Kind.LOAN_DISBURSE, Kind.PAYMENT, Kind.TRANSFER, Kind.WITHDRAWAL, Kind.MANDATE_RUN})
# Of these somebody else receives the money.
PAYS_SOMEBODY = frozenset({Kind.PAYMENT, Kind.TRANSFER, Kind.MANDATE_RUN})
OPENS_DEBT = frozenset({Kind.LOAN_APPLY, Kind.LOAN_DISBURSE})
# Whoever does these controls the account afterwards.
CHANGES_CONTROL = frozenset(
    {
        Kind.DEVICE_BIND,
        Kind.CREDENTIAL_CHANGE,
        Kind.CONTACT_CHANGE,
        Kind.LIMIT_CHANGE,
        Kind.BENEFICIARY_ADD,
        Kind.MANDATE_CREATE,
        Kind.DATA_EXPORT,
    }
)
# What a freeze stops; logging in, paying back, cancelling and unbinding stay possible.
STOPPED_BY_FREEZE = MOVES_MONEY | OPENS_DEBT | CHANGES_CONTROL


class Channel(StrEnum):
    """Where the operation was asked for."""

    APP = "app"
    WEB = "web"
    MINI_PROGRAM = "mini_program"
    WECHAT = "wechat"
    BRANCH = "branch"
    ATM = "atm"
    POS = "pos"
    PHONE = "phone"
    SMS = "sms"
    PARTNER = "partner"
    API = "api"
    BATCH = "batch"


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One observation about a device: its value, and who says so (sdk, attestation, carrier, staff, …)."""

    value: bool
    provenance: Word


# A bare true or false is accepted too; then nobody vouches for it.
Observed = Signal | bool | None


class Signals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What was observed about the device; an absent signal is unknown, not false."""

    emulator: Observed = None
    rooted: Observed = None
    remote_control: Observed = None
    active_call: Observed = None
    screen_share: Observed = None
    automation: Observed = None
    vpn: Observed = None


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The device the operation came from; `id` is the institution's stable fingerprint."""

    id: Identifier
    signals: Signals | None = None


class Counterparty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Who receives: payee, merchant or beneficiary account, and the institution that keeps it."""

    id: Identifier
    institution: Word | None = None


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Minor units of an ISO 4217 currency; nothing is an amount too: a card that is only being verified."""

    minor: Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX, description="minor units: fen, cents")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]


AttributeValue = (
    bool
    | Annotated[int, msgspec.Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]
    | float
    | Annotated[str, msgspec.Meta(max_length=256)]
    | None
)


class Operation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
):
    """One operation of one customer; only id, kind, account and occurred_at are always required.

    `account` and `person` are the institution's pseudonymous handles, not names or numbers.
    """

    id: Identifier
    kind: Kind
    account: Identifier
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset")]
    person: Identifier | None = None
    channel: Channel | None = None
    amount: Amount | None = None
    counterparty: Counterparty | None = None
    device: Device | None = None
    ip: Annotated[str, msgspec.Meta(min_length=2, max_length=45)] | None = None
    session: Identifier | None = None
    attributes: Annotated[dict[Word, AttributeValue], msgspec.Meta(max_length=64)] | None = None
