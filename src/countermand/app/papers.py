"""Where papers are set and sealed, from the settings; nothing of it is loaded before the first one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from countermand.app.files import read_confirmation_pack
from countermand.app.witnessing import open_stamping
from countermand.kernel.clock import Clock
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.settings import Settings
from countermand.vocabulary.papers import Paper

if TYPE_CHECKING:
    from pyhanko.sign import SimpleSigner

    from countermand.extensions import TimestampAuthority


@dataclass(slots=True)
class LateSeal:
    """The institution's seal and who stamps its time, opened by the first who wants them.

    `stack` closes what was opened.
    """

    settings: Settings
    clock: Clock
    stack: AsyncExitStack
    seal: SimpleSigner | None = field(default=None, repr=False)
    _opened: tuple[SimpleSigner, TimestampAuthority | None] | None = field(default=None, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def opened(self) -> tuple[SimpleSigner, TimestampAuthority | None]:
        """Both. Raises SetupError (`seal_unusable`, `bad_timestamp_authorities`)."""
        async with self._opening:
            if self._opened is None:
                seal = self.seal
                if seal is None:
                    seal = await asyncio.to_thread(_seal, self.settings, self.clock)
                stamps = await self.stack.enter_async_context(open_stamping(self.settings, self.clock))
                self._opened = (seal, stamps)
            return self._opened


@dataclass(slots=True)
class LatePapers:
    """Implements `flows.hand_out_receipt.Papers`; nothing of it is loaded before the first paper."""

    late: LateSeal

    async def printed(self, make: Callable[[bool], Paper]) -> bytes:
        """The page, signed. Raises SetupError (`seal_unusable`, `bad_timestamp_authorities`)."""
        seal, stamps = await self.late.opened()
        from countermand.adapters.papers.printed import SealedPapers

        return await SealedPapers(seal, stamps).printed(make)


def late_seal(stack: AsyncExitStack, settings: Settings, clock: Clock) -> LateSeal:
    """The seal of the settings, or one of their own. Raises SetupError (`seal_unusable`)."""
    # A seal that is set wrong is said at the start.
    return LateSeal(settings, clock, stack, None if settings.seal_file is None else _seal(settings, clock))


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
