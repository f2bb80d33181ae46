"""Where papers are set and sealed, from the settings; nothing of it is loaded before the first one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from countermand.app.files import read_confirmation_pack
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.settings import Settings
from countermand.vocabulary.papers import ReceiptPaper

if TYPE_CHECKING:
    from countermand.adapters.papers.printed import SealedPapers


@dataclass(slots=True)
class LatePapers:
    """Implements `flows.hand_out_receipt.Papers`; the press and the seal are opened by the first paper."""

    settings: Settings
    clock: Clock
    _opened: SealedPapers | None = field(default=None, repr=False)

    async def printed(self, make: Callable[[bool], ReceiptPaper]) -> bytes:
        """The page, signed. Raises SetupError (`seal_unusable`)."""
        if self._opened is None:
            self._opened = await asyncio.to_thread(_opened, self.settings, self.clock)
        return await self._opened.printed(make)


def papers_of(settings: Settings, clock: Clock) -> LatePapers:
    """Papers with the seal of the settings, or one of their own. Raises SetupError (`seal_unusable`)."""
    papers = LatePapers(settings, clock)
    if settings.seal_file is not None:
        papers._opened = _opened(settings, clock)  # what is set wrong is said at the start
    return papers


def _opened(settings: Settings, clock: Clock) -> SealedPapers:
    from countermand.adapters.papers.printed import SealedPapers
    from countermand.adapters.papers.seals import given_seal, own_seal

    if settings.seal_file is not None:
        return SealedPapers(given_seal(settings.seal_file, _passphrase(settings)))
    names = read_notice_pack(read_confirmation_pack(settings.confirmation), obscurities)
    return SealedPapers(own_seal(settings.data_dir, names.institution.en, clock.now()))


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
