"""What facts bind without showing: commitments to values that are kept elsewhere, and what opens them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.flows.address_book import Sealer
from countermand.kernel.canonical import canonical_bytes
from countermand.transparency.commitments import committed, committed_bytes, salt_of
from countermand.transparency.entries import COMMITMENTS, plain
from countermand.transparency.receipts import Opened
from countermand.vocabulary.facts import CASE_CHANGED, CASE_OPENED, CONSENT_GIVEN, REPORT_RECEIVED
from countermand.work import Unit

SALTS_KEY = "salts"
Values = Mapping[str, Any]


class Salts(Protocol):
    """Where salts of commitments come from: derived, never stored, they go when their key goes."""

    async def key(self, unit: Unit, case: str) -> bytes:
        """The key for the salts of a case, or of an operation; 32 bytes, always the same while it exists.

        Raises Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class VaultSalts:
    """Salts from the key of the vault: one for the whole house."""

    vault: Sealer
    _master: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_master", self.vault.mac_key(SALTS_KEY))

    async def key(self, unit: Unit, case: str) -> bytes:
        """Derived from the vault's key and the name of the case; nothing is asked of the unit."""
        return salt_of(self._master, case)


class Label:
    """The parts that name what values belong to; the name of each value is added to them."""

    @staticmethod
    def report(inbound: str) -> tuple[str, ...]:
        """Of a report: the name under which it came in."""
        return (REPORT_RECEIVED, inbound)

    @staticmethod
    def opened(case: str) -> tuple[str, ...]:
        """Of the opening of a case."""
        return (CASE_OPENED, case)

    @staticmethod
    def event(case: str, seq: int) -> tuple[str, ...]:
        """Of an event of a case."""
        return (CASE_CHANGED, case, str(seq))

    @staticmethod
    def consent(operation: str) -> tuple[str, ...]:
        """Of a consent to an operation."""
        return (CONSENT_GIVEN, operation)


def commitments(key: bytes, label: tuple[str, ...], values: Values) -> dict[str, dict[str, str]]:
    """What joins the body of a fact: bytes are committed to as they are, anything else as canonical JSON."""
    made = {}
    for name, value in values.items():
        salt = salt_of(key, *label, name)
        is_file = isinstance(value, bytes)
        made[name] = committed_bytes(value, salt) if is_file else committed(_kept(value), salt)
    return {COMMITMENTS: made}


def openings(key: bytes, label: tuple[str, ...], values: Values) -> dict[str, Opened]:
    """What shows the same values to whoever has the fact."""
    shown = {}
    for name, value in values.items():
        salt = salt_of(key, *label, name)
        is_file = isinstance(value, bytes)
        shown[name] = Opened.of_file(salt, value) if is_file else Opened(salt, _kept(value))
    return shown


def _kept(value: Any) -> Any:
    """The value as it comes back from the record, in the form that has one spelling."""
    return plain(msgspec.json.decode(canonical_bytes(value)))
