"""The ear at a mailbox: looks for mail, hears each, and only then says that it was heard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from countermand.flows.hear_mail import Hearing, Outcome, hear
from countermand.intake.mail.ports import Mailbox
from countermand.kernel.errors import Unavailable
from countermand.kernel.pauses import pause_seconds

log = structlog.get_logger(__name__)
LOOK_SECONDS = 60.0
# A mail that fails for reasons of ours is tried this often, and then put aside for a person.
TRIES_MAX = 3


@dataclass(slots=True)
class MailEar:
    """Several may listen at one mailbox: what two of them hear is one report."""

    hearing: Hearing
    mailbox: Mailbox
    look_seconds: float = LOOK_SECONDS
    heard: dict[Outcome, int] = field(default_factory=dict)
    aside: int = 0
    beat_at: int | None = None
    _failed: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled; a mailbox or a database that is away is waited for."""
        failures = 0
        try:
            while True:
                try:
                    again = await self.turn()
                    self.beat_at, failures = self.hearing.reception.clock.now(), 0
                    if not again:
                        await self.mailbox.wait(self.look_seconds)
                except Unavailable as away:
                    failures += 1
                    log.warning("mailbox_waits", code=away.code, failures=failures)
                    await self.mailbox.close()
                    await asyncio.sleep(pause_seconds(failures, "mailbox"))
        finally:
            await self.mailbox.close()

    async def turn(self) -> bool:
        """Hear all that is there now; whether something is left to be tried again. Raises Unavailable."""
        left = False
        for place in await self.mailbox.unheard():
            left = not await self._one(place) or left
        return left

    async def _one(self, place: str) -> bool:
        """One mail; True once it is settled. What fails on one mail never stops the others."""
        mail = await self.mailbox.fetch(place)
        if mail is None:
            return True
        try:
            heard = await hear(self.hearing, mail)
        except Unavailable:
            raise
        except Exception:
            tries = self._failed[place] = self._failed.get(place, 0) + 1
            log.exception("mail_failed", place=place, tries=tries)
            if tries < TRIES_MAX:
                return False
            del self._failed[place]
            self.aside += 1
            await self.mailbox.settle(place, aside=True)
            return True
        self._failed.pop(place, None)
        self.heard[heard.outcome] = self.heard.get(heard.outcome, 0) + 1
        aside = heard.outcome is Outcome.KEPT_FOR_A_PERSON
        self.aside += aside
        await self.mailbox.settle(place, aside=aside)
        return True
