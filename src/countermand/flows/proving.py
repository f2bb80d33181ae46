"""What asking a customer for proof needs: pack, vault, whoever checks each method, who sends codes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from countermand.confirmation.challenge_ports import (
    CodeSender,
    Envelope,
    Liveness,
    Passkeys,
    Passwords,
    TimeCodes,
    Vault,
)
from countermand.confirmation.lockout import LockoutTerms, Standing
from countermand.confirmation.tier_pack import Pack
from countermand.vocabulary.authenticators import Authenticator, AuthenticatorState, Method
from countermand.vocabulary.parties import Account

CODE_DIGITS = 8
CODE_KEY, SEAL_KEY, ADDRESS_KEY = "code", "confirmation", "code address"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvingKit:
    """Everything that checks what customers show; a method without its part is not offered."""

    pack: Pack
    vault: Vault
    passwords: Passwords
    time_codes: TimeCodes
    passkeys: Passkeys
    envelope: Envelope
    liveness: Liveness | None = None
    senders: Mapping[Method, CodeSender] = field(default_factory=dict)
    lockout: LockoutTerms = field(default_factory=LockoutTerms)


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a customer is, as the institution says that let them in."""

    session: str | None = None
    device: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer shows for one method; only the member of that method is looked at."""

    method: Method
    code: str | None = None
    password: str | None = None
    credential: dict[str, Any] | None = None
    token: str | None = None


def sealed_secret(vault: Vault, authenticator: str, secret: Mapping[str, str]) -> bytes:
    """What must stay secret of an authenticator, as it is kept."""
    return vault.seal(msgspec.json.encode(secret), f"authenticator {authenticator}")


def secret_of(vault: Vault, one: Authenticator) -> dict[str, str]:
    """The same, opened."""
    if one.secret is None:
        return {}
    return msgspec.json.decode(vault.open(one.secret, f"authenticator {one.id}"), type=dict[str, str])


def active(found: Sequence[Authenticator]) -> list[Authenticator]:
    """Those that can prove something."""
    return [one for one in found if one.state is AuthenticatorState.ACTIVE]


def standing_of(visitor: Visitor, account: Account | None, found: Sequence[Authenticator]) -> Standing:
    """Whether the customer is on a device that is known as theirs; where nothing is known, they are not."""
    known: Collection[str] = () if account is None or account.devices is None else account.devices
    own = {one.device for one in active(found)}
    if visitor.device is not None and (visitor.device in known or visitor.device in own):
        return Standing.KNOWN
    return Standing.STRANGER


def masked(address: str) -> str:
    """An address that its owner recognises and nobody else can use.

    >>> masked("+8613800001234"), masked("li.ming@example.com")
    ('•••1234', 'l•••@example.com')
    """
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}" if at else f"•••{address[-4:]}"
