"""What facts bind without showing: commitments to values that are kept elsewhere, and what opens them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from countermand.flows.address_book import Sealer
from countermand.flows.data_keys import NO_KEY_NOW, DataKey, DataKeys
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.errors import Unavailable
from countermand.transparency.commitments import committed, committed_bytes, salt_of
from countermand.transparency.entries import COMMITMENTS, plain
from countermand.transparency.receipts import Opened
from countermand.vocabulary.cases import Case
from countermand.vocabulary.facts import (
    CASE_CHANGED,
    CASE_OPENED,
    CONSENT_GIVEN,
    EVIDENCE_CAPTURED,
    REPORT_RECEIVED,
)
from countermand.work import Unit

SALTS_KEY = "salts"
Values = Mapping[str, Any]


class Salts(Protocol):
    """Where salts of commitments come from: derived, never stored, they go when their key goes."""

    async def key(self, unit: Unit, case: Case, *, opened: bool = False, subject: str | None = None) -> bytes:
        """The key for the salts of what is bound of a case now, 32 bytes.

        `opened` in this very unit, the case has none yet; `subject` is the handle of whom it is about.
        Raises Unavailable.
        """
        ...

    async def keys(self, unit: Unit, case: Case) -> Sequence[bytes]:
        """The keys by which what was bound of a case may be opened. Raises Unavailable."""
        ...

    def of_operation(self, operation: str) -> bytes:
        """The key for the salts of what is bound of an operation, where no case is; 32 bytes."""
        ...


def salts_key(key: DataKey) -> bytes:
    """The key for the salts of what a data key seals: whoever destroys that key unbinds every commitment."""
    return salt_of(key.key, SALTS_KEY)


@dataclass(frozen=True, slots=True)
class CaseSalts:
    """Salts from the data key of each case; from the vault's while the key service is away."""

    data_keys: DataKeys
    vault: Sealer
    _spare: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spare", self.vault.mac_key(SALTS_KEY))

    async def key(self, unit: Unit, case: Case, *, opened: bool = False, subject: str | None = None) -> bytes:
        """From the case's data key, made where it has none yet."""
        try:
            return salts_key(await self.data_keys.of_case(unit, case, opened=opened, subject=subject))
        except Unavailable as error:
            if error.code not in NO_KEY_NOW:
                raise
            return salt_of(self._spare, case.id)

    async def keys(self, unit: Unit, case: Case) -> Sequence[bytes]:
        """The case's own, unless it was destroyed, and what stood in for it."""
        live = await self.data_keys.live(unit, case)
        spare = salt_of(self._spare, case.id)
        return [spare] if live is None else [salts_key(live), spare]

    def of_operation(self, operation: str) -> bytes:
        """From the vault's key and the operation's id."""
        return salt_of(self._spare, operation)


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
    def exhibit(exhibit: str) -> tuple[str, ...]:
        """Of an exhibit."""
        return (EVIDENCE_CAPTURED, exhibit)

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
