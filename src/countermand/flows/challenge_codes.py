"""One-time codes of a challenge: made, kept as MACs, and put on their way."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from countermand.confirmation.challenges import Challenge, Issued, with_code
from countermand.confirmation.code_budgets import budgets_of, spent
from countermand.confirmation.linking import Linked, code_mac, code_text
from countermand.confirmation.lockout import Standing
from countermand.flows.proving import ADDRESS_KEY, CODE_DIGITS, CODE_KEY, ProvingKit, active, secret_of
from countermand.flows.send_codes import CodeParcel, code_effect
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.ids import Ids, new_code
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import SENT, Authenticator, Method
from countermand.work import Unit


def first_code(challenge: Challenge) -> Method | None:
    """The method whose code goes out unasked: the first one offered, where that is one that is sent."""
    first = challenge.offers[0].method
    return first if first in SENT and challenge.code_of(first) is None else None


def is_sent(challenge: Challenge, method: Method) -> bool:
    """Whether a method works with a code of ours. Raises BadRequest (`method_not_offered`)."""
    challenge.offer(method)
    return method in SENT or method is Method.OUT_OF_BAND_CALL


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMaker:
    """Makes codes in one unit."""

    unit: Unit
    kit: ProvingKit
    ids: Ids
    now: int
    trace: str | None
    standing: Standing

    async def issue(
        self, challenge: Challenge, linked: Linked, method: Method, found: Sequence[Authenticator]
    ) -> tuple[Challenge, str | None]:
        """A fresh code under way; for a call, also the number that the customer reads out.

        Raises Conflict (`code_sent_too_often`, `code_limit_reached`); then nothing was written.
        """
        offer = challenge.offer(method)
        target = next(one for one in active(found) if one.id in offer.authenticators)
        code = new_code(CODE_DIGITS)
        mac = code_mac(self.kit.vault.mac_key(CODE_KEY), challenge.id, challenge.linked, method, code)
        issued = Issued(
            method=method,
            authenticator=target.id,
            device=target.device,
            mac=mac,
            issued_at=self.now,
            count=1,
        )
        after = with_code(challenge, issued, self.kit.pack.terms)
        if method is Method.OUT_OF_BAND_CALL:
            await self.unit.challenges.put(after)
            return after, code
        expires_at = min(after.expires_at, self.now + self.kit.pack.terms.code_seconds * MICROS_PER_SECOND)
        text = code_text(linked, code, minutes_until(self.now, expires_at))
        await self.send(target, text, expires_at)
        await self.unit.challenges.put(after)
        return after, None

    async def send(self, target: Authenticator, text: Text, expires_at: int) -> None:
        """Put a message with a code on its way to an authenticator's address.

        Raises Conflict (`code_limit_reached`); then nothing was written.
        """
        parcel = CodeParcel(
            id=self.ids.new("code", self.now),
            account=target.account,
            method=target.method,
            to=secret_of(self.kit.vault, target)["address"],
            text=text,
            language=target.public.get("language", "zh"),
            expires_at=expires_at,
        )
        await self.post(parcel)

    async def post(self, parcel: CodeParcel) -> None:
        """Put a code on its way, within what may be sent to an account and an address.

        Raises Conflict (`code_limit_reached`); then nothing was written.
        """
        digest = hmac.digest(self.kit.vault.mac_key(ADDRESS_KEY), parcel.to.encode(), "sha256").hex()
        budgets = budgets_of(parcel.account, digest, self.standing, self.kit.pack.codes)
        await self.unit.codes.keep(spent(await self.unit.codes.sent(budgets), budgets, self.now))
        subject = (await self.unit.handles([parcel.account])).get(parcel.account)
        await self.unit.effects.put([code_effect(self.kit.vault, parcel, self.now, subject, self.trace)])


def minutes_until(now: int, expires_at: int) -> int:
    """Whole minutes, at least one, as a message says it."""
    return max(1, (expires_at - now) // (60 * MICROS_PER_SECOND))
