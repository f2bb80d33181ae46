"""One-time codes on their way: sealed in the outbox, opened only to be handed to whoever sends them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import msgspec

from countermand.confirmation.challenge_ports import CodeMessage, Vault
from countermand.flows.proving import ProvingKit
from countermand.kernel.clock import MICROS_PER_SECOND, Clock, rfc3339
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.effects import Delivery, Effect, EffectState

CODES, ACTION = "codes", "one_time_code"  # codes have a port of their own: they wait behind no other notice
ALARM_SECONDS = 30


class _Sealed(msgspec.Struct, frozen=True):
    """What stands in the sealed part of the effect."""

    to: str
    text: Text
    language: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeParcel:
    """A code to be sent: to which address, in which words, until when it is of use (microseconds UTC)."""

    id: str
    account: str
    method: Method
    to: str
    text: Text
    language: str
    expires_at: int


def code_effect(vault: Vault, parcel: CodeParcel, now: int, subject: str | None, trace: str | None) -> Effect:
    """The outbox's line for a code; who reads the table sees neither the code nor the address."""
    content = _Sealed(parcel.to, parcel.text, parcel.language, parcel.expires_at)
    sealed = vault.seal(msgspec.json.encode(content), f"code {parcel.id}")
    return Effect(
        id=parcel.id,
        port=CODES,
        action=ACTION,
        lane=None,
        body={
            "account": parcel.account,
            "method": parcel.method.value,
            "urgency": "security",
            "expires_at": rfc3339(parcel.expires_at),
            "sealed": base64.b64encode(sealed).decode(),
        },
        placed_at=now,
        due_at=now,
        alarm_at=now + ALARM_SECONDS * MICROS_PER_SECOND,
        subject=subject,
        trace=trace,
    )


@dataclass(frozen=True, slots=True)
class CodeCourier:
    """Delivers effects with the action `one_time_code`."""

    kit: ProvingKit
    clock: Clock

    async def deliver(self, effect: Effect) -> Delivery:
        """Hand the code over; one that has expired, or whose address is refused, fails for good.

        Raises Unavailable where the sender cannot be reached: it is tried again.
        """
        sealed = base64.b64decode(effect.body["sealed"])
        content = msgspec.json.decode(self.kit.vault.open(sealed, f"code {effect.id}"), type=_Sealed)
        if self.clock.now() >= content.expires_at:
            return Delivery(state=EffectState.FAILED, answer={"refused": "expired"})
        sender = self.kit.senders.get(Method(effect.body["method"]))
        if sender is None:
            return Delivery(state=EffectState.FAILED, answer={"refused": "no_sender"})
        message = CodeMessage(effect.id, content.to, content.text, content.language)
        try:
            return Delivery(state=EffectState.DONE, answer=await sender.send(message))
        except BadRequest as refusal:
            return Delivery(state=EffectState.FAILED, answer={"refused": refusal.code})
