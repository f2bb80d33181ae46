"""What people said is sealed under the data key of their case, and opened by whichever key sealed it."""

from __future__ import annotations

from typing import Protocol

import structlog

from countermand.evidence.sealing import data_key_of
from countermand.flows.address_book import Sealer
from countermand.flows.data_keys import NO_KEY_NOW, DataKeys, gone
from countermand.kernel.errors import Unavailable
from countermand.vocabulary.cases import Case
from countermand.work import Unit

log = structlog.get_logger(__name__)


class Seals(Protocol):
    """Seals for one case."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; it opens only with the same context."""
        ...


class Keeping(Protocol):
    """What keeping words needs of a house."""

    @property
    def vault(self) -> Sealer: ...

    @property
    def keys(self) -> DataKeys: ...


async def seals_of(
    house: Keeping, unit: Unit, case: Case, *, opened: bool = False, subject: str | None = None
) -> Seals:
    """What seals for a case: its data key; `opened` in this very unit, it has none yet.

    `subject` is the handle of whom a case that is opened is about, where it is known.

    While the key service is away the vault seals: nobody goes unheard for want of a key. Erasing the case
    erases those rows all the same.
    """
    try:
        return await house.keys.of_case(unit, case, opened=opened, subject=subject)
    except Unavailable as error:
        if error.code not in NO_KEY_NOW:
            raise
        log.warning("sealed_without_data_key", code=error.code)
        return house.vault


async def open_kept(house: Keeping, unit: Unit, sealed: bytes, context: str) -> bytes:
    """What was sealed for a case. Raises Conflict (`subject_shredded`), SetupError, Unavailable."""
    if not sealed:
        raise gone()
    name = data_key_of(sealed)
    if name is None:
        return house.vault.open(sealed, context)
    return (await house.keys.one(unit, name)).open(sealed, context)
