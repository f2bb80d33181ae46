"""Which methods a challenge offers: by priority, without those that are down, and whether they suffice."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from countermand.confirmation.auth_methods import MethodRank
from countermand.confirmation.challenges import Offer
from countermand.confirmation.factors import Evidence, assess
from countermand.confirmation.tiers import Wanted, missing
from countermand.flows.proving import ProvingKit, active
from countermand.kernel.errors import Conflict
from countermand.vocabulary.authenticators import SENT, Authenticator, Method
from countermand.vocabulary.consent import Withheld


def offers_of(kit: ProvingKit, found: Sequence[Authenticator], down: Collection[str]) -> tuple[Offer, ...]:
    """The methods in the order of the pack; one that is down is passed over, so the next one comes first."""
    offers = [_offer(rank, kit, active(found)) for rank in kit.pack.methods if rank.method.value not in down]
    return tuple(one for one in offers if one is not None)


def _offer(rank: MethodRank, kit: ProvingKit, mine: Sequence[Authenticator]) -> Offer | None:
    method = rank.method
    if method is Method.LIVENESS:
        return None if kit.liveness is None else Offer(method=method)
    if method in SENT and method not in kit.senders:
        return None
    held_as = (
        Method.SMS if method is Method.OUT_OF_BAND_CALL else method
    )  # we call the number that gets codes
    having = [one for one in mine if one.method is held_as]
    if rank.biometric:
        having = [one for one in having if one.public.get("platform")]
    if not having:
        return None
    return Offer(
        method=method,
        authenticators=tuple(one.id for one in having),
        biometric=rank.biometric,
        to=having[0].public.get("masked"),
    )


def check_enough(
    wanted: Wanted,
    offers: Sequence[Offer],
    found: Sequence[Authenticator],
    device: str | None,
    now: int,
    withheld: Sequence[Withheld] = (),
) -> None:
    """Nobody is asked what they cannot answer: with everything offered shown, nothing may be missing.

    Raises Conflict (`cannot_be_challenged`): the details say what is missing, and what waits for a consent.
    """
    by_id = {one.id: one for one in active(found)}
    best = [
        Evidence(
            method=offer.method,
            authenticator=name,
            device=None if name is None else by_id[name].device,
            at=now,
            user_verified=True,
            document_match=offer.method is Method.LIVENESS,
        )
        for offer in offers
        for name in (offer.authenticators or (None,))
    ]
    shown = assess(best, device, trust_unknown=wanted.trust_unknown_devices)
    if lacks := missing(wanted, shown, [one.method for one in offers]):
        raise Conflict(
            "cannot_be_challenged",
            "The ways of confirming that this account has now do not suffice; enrol another one, on another "
            "device, or come to a branch with your identity document.",
            "该账户目前可用的验证方式不足；请在另一台设备上新增验证方式，或携带身份证件到网点办理。",
            missing=lacks,
            offered=[one.method.value for one in offers],
            withheld={one.method.value: one.purpose for one in withheld},
        )
