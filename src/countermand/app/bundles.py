"""Where receipts and bundles are made, from the settings: the log, its past, papers, containers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg

from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.witnesses import PostgresAnchors, PostgresCosignatures, PostgresStamps
from countermand.app.log import entries_open
from countermand.app.papers import LatePapers, LateSeal
from countermand.app.witnessing import read_trust_policy
from countermand.flows.bundle_ports import Container, LogHistory, Made
from countermand.flows.cosigned_notes import CosignedNotes
from countermand.flows.hand_out_receipt import Proofs
from countermand.kernel.errors import Unavailable
from countermand.settings import Settings

if TYPE_CHECKING:
    from countermand.adapters.bundles.spool import Spool


@dataclass(frozen=True, slots=True)
class LateBindery:
    """Implements `flows.bundle_ports.Bindery`; nothing of it is loaded before the first bundle."""

    late: LateSeal
    folder: Path

    def check_recipient(self, key: str) -> str:
        """Raises BadRequest (`age_key_unusable`)."""
        from countermand.adapters.bundles.courts import recipient_of

        return str(recipient_of(key))

    def begin(self) -> Made:
        """Raises Unavailable (`bundle_unwritable`)."""
        return self._spool()

    async def container(self, file: Made) -> Container:
        """Raises SetupError (`seal_unusable`, `bad_timestamp_authorities`)."""
        from countermand.adapters.bundles.container import SealedContainer
        from countermand.adapters.bundles.spool import Spool

        assert isinstance(file, Spool), "it was begun here"
        return SealedContainer(file, *await self.late.opened())

    async def encrypted(self, file: Made, recipient: str) -> Made:
        """Raises Unavailable (`bundle_unwritable`)."""
        from countermand.adapters.bundles.courts import encrypt
        from countermand.adapters.bundles.spool import Spool

        assert isinstance(file, Spool), "it was begun here"
        sealed = self._spool()
        try:
            await asyncio.to_thread(encrypt, file, sealed, recipient)
        except OSError as error:
            sealed.close()
            raise _unwritable(self.folder, error) from error
        file.close()
        return sealed

    def _spool(self) -> Spool:
        from countermand.adapters.bundles.spool import Spool

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return Spool(self.folder)
        except OSError as error:
            raise _unwritable(self.folder, error) from error


class Proving(NamedTuple):
    """What a house proves with."""

    proofs: Proofs
    history: LogHistory
    bindery: LateBindery


def proving_of(late: LateSeal, pool: asyncpg.Pool[Any], settings: Settings) -> Proving:
    """The log with its checkpoints as others signed them, its past, and where papers and bundles are made.

    Raises SetupError (`bad_setting`, `trust_policy_unusable`).
    """
    shelf = PostgresLogShelf(pool, entries_open=entries_open(settings))
    trusted = None if settings.trust_policy is None else read_trust_policy(settings.trust_policy)
    witnessed = CosignedNotes(shelf, PostgresCosignatures(pool))
    history = LogHistory(shelf, PostgresStamps(pool), PostgresAnchors(pool))
    return Proving(
        Proofs(shelf, witnessed, LatePapers(late), trusted), history, LateBindery(late, settings.data_dir)
    )


def _unwritable(folder: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "bundle_unwritable",
        f"No bundle can be written in {folder}: {error.strerror or type(error).__name__}.",
        f"无法在 {folder} 写入证据包：{error.strerror or type(error).__name__}。",
    )
