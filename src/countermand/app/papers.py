"""Where papers are set and sealed, from the settings; nothing of it is loaded before the first one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg

from countermand.adapters.postgres.log_shelf import PostgresLogShelf
from countermand.adapters.postgres.witnesses import PostgresCosignatures
from countermand.app.files import read_confirmation_pack
from countermand.app.log import entries_open
from countermand.app.witnessing import open_stamping, read_trust_policy
from countermand.flows.cosigned_notes import CosignedNotes
from countermand.flows.hand_out_receipt import Proofs
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.settings import Settings
from countermand.vocabulary.papers import Paper

if TYPE_CHECKING:
    from pyhanko.sign import SimpleSigner

    from countermand.adapters.papers.printed import SealedPapers


@dataclass(slots=True)
class LatePapers:
    """Implements `flows.hand_out_receipt.Papers`; press, seal and stamps are opened by the first paper.

    `stack` closes what was opened.
    """

    settings: Settings
    clock: Clock
    stack: AsyncExitStack
    seal: SimpleSigner | None = field(default=None, repr=False)
    _opened: SealedPapers | None = field(default=None, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def printed(self, make: Callable[[bool], Paper]) -> bytes:
        """The page, signed. Raises SetupError (`seal_unusable`, `bad_timestamp_authorities`)."""
        async with self._opening:
            papers = self._opened or await self._open()
            self._opened = papers
        return await papers.printed(make)

    async def _open(self) -> SealedPapers:
        seal = self.seal
        if seal is None:
            seal = await asyncio.to_thread(_seal, self.settings, self.clock)
        from countermand.adapters.papers.printed import SealedPapers

        stamps = await self.stack.enter_async_context(open_stamping(self.settings, self.clock))
        return SealedPapers(seal, stamps)


def proofs_of(stack: AsyncExitStack, pool: asyncpg.Pool[Any], settings: Settings, clock: Clock) -> Proofs:
    """The log, its checkpoints as others signed them, and where papers are made.

    Raises SetupError (`seal_unusable`, those of the trust policy).
    """
    log_shelf = PostgresLogShelf(pool, entries_open=entries_open(settings))
    witnessed = CosignedNotes(log_shelf, PostgresCosignatures(pool))
    trusted = None if settings.trust_policy is None else read_trust_policy(settings.trust_policy)
    return Proofs(log_shelf, witnessed, papers_of(stack, settings, clock), trusted)


def papers_of(stack: AsyncExitStack, settings: Settings, clock: Clock) -> LatePapers:
    """Papers with the seal of the settings, or one of their own. Raises SetupError (`seal_unusable`)."""
    # A seal that is set wrong is said at the start.
    seal = None if settings.seal_file is None else _seal(settings, clock)
    return LatePapers(settings, clock, stack, seal)


def _seal(settings: Settings, clock: Clock) -> SimpleSigner:
    from countermand.adapters.papers.seals import given_seal, own_seal

    if settings.seal_file is not None:
        return given_seal(settings.seal_file, _passphrase(settings))
    names = read_notice_pack(read_confirmation_pack(settings.confirmation), obscurities)
    return own_seal(settings.data_dir, names.institution.en, clock.now())


def _passphrase(settings: Settings) -> str | None:
    path = settings.seal_passphrase_file
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            "seal_unusable",
            f"The passphrase of the seal cannot be read from {path}: {error}.",
            f"无法从 {path} 读取印章口令：{error}。",
        ) from error
