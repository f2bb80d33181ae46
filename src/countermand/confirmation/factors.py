"""What pieces of evidence are worth together: which of them are independent is computed, never assumed.

Two codes to one device are one factor; the same method twice is one; what a thief of the session's device
would hold too counts less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from countermand.vocabulary.authenticators import TYPED, Factor, Method

FULL, LOWERED = 2, 1  # what one independent factor adds to the strength


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One method that was answered rightly.

    `device` holds the authenticator or received its code; None: not known. `user_verified`: the authenticator
    checked the person itself (fingerprint, face, screen lock). `at` in microseconds UTC.
    """

    method: Method
    authenticator: str | None
    device: str | None
    at: int
    user_verified: bool = False
    document_match: bool = False


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What evidence amounts to.

    `independent`: how many factors no single loss takes away together. `strength`: the same, each counted
    FULL or LOWERED. `same_device`: some code went to the device of the session, so the customer is warned.
    """

    kinds: tuple[Factor, ...]
    independent: int
    strength: int
    acts: int
    same_device: bool
    document_match: bool


def kinds_of(evidence: Evidence) -> frozenset[Factor]:
    """What one answer shows."""
    if evidence.method is Method.PASSWORD:
        return frozenset({Factor.KNOWLEDGE})
    if evidence.method is Method.LIVENESS:
        return frozenset({Factor.INHERENCE})
    if evidence.method is Method.WEBAUTHN and evidence.user_verified:
        return frozenset({Factor.POSSESSION, Factor.INHERENCE})
    return frozenset({Factor.POSSESSION})


def assess(evidence: Iterable[Evidence], session_device: str | None, *, trust_unknown: bool) -> Assessment:
    """What evidence amounts to in a session on `session_device`; total, and more evidence never lowers it.

    Where it is not known which device received a code, it counts as the same as any other, and as little as
    one on the session's device; with `trust_unknown` another method is taken for another device.

    >>> sms = Evidence(method=Method.SMS, authenticator="a", device="phone", at=0)
    >>> mail = Evidence(method=Method.EMAIL, authenticator="b", device="phone", at=0)
    >>> assess([sms, mail], None, trust_unknown=False).independent
    1
    """
    given = list(evidence)
    kinds = frozenset[Factor]().union(*(kinds_of(one) for one in given))
    held = [one for one in given if Factor.POSSESSION in kinds_of(one)]
    apart, full = _apart(held, session_device, trust_unknown=trust_unknown)
    others = len(kinds - {Factor.POSSESSION})
    return Assessment(
        kinds=tuple(factor for factor in Factor if factor in kinds),
        independent=others + apart,
        strength=FULL * others + LOWERED * (apart - full) + FULL * full,
        acts=len({one.method for one in given}),
        same_device=any(one.method in TYPED and one.device == session_device is not None for one in held),
        document_match=any(one.document_match for one in given),
    )


def _lowered(one: Evidence, session_device: str | None, *, trust_unknown: bool) -> bool:
    """Whether whoever holds the session's device may have this too; a passkey asks for the person first."""
    if one.method not in TYPED:
        return False
    if one.device is None or session_device is None:
        return not trust_unknown
    return one.device == session_device


def _apart(held: Sequence[Evidence], session_device: str | None, *, trust_unknown: bool) -> tuple[int, int]:
    """How many things held differ in both method and device, and how many of these count in full at best."""
    places = sorted(
        {
            (
                one.method.value,
                _place(one, trust_unknown),
                _lowered(one, session_device, trust_unknown=trust_unknown),
            )
            for one in held
        }
    )
    known = [place for place in places if place[1] != _ANYWHERE]
    # At most one pair of a matching sits at the session's device, so the two figures always fit together.
    return _matching(known) or int(bool(places)), _matching([place for place in known if not place[2]])


_ANYWHERE = "?"


def _place(one: Evidence, trust_unknown: bool) -> str:
    if one.device is not None:
        return f"device {one.device}"
    if one.method is Method.WEBAUTHN:
        return f"key {one.authenticator}"  # a passkey is a thing of its own
    return f"method {one.method.value}" if trust_unknown else _ANYWHERE


def _matching(places: Sequence[tuple[str, str, bool]]) -> int:
    """The most (method, device) pairs of which no two share a method or a device: a maximum matching.

    There are at most seven methods, so trying them one by one ends soon.
    """
    devices: dict[str, set[str]] = {}
    for method, device, _ in places:
        devices.setdefault(method, set()).add(device)
    taken: dict[str, str] = {}

    def seat(method: str, tried: set[str]) -> bool:
        for device in sorted(devices[method] - tried):
            tried.add(device)
            if device not in taken or seat(taken[device], tried):
                taken[device] = method
                return True
        return False

    return sum(seat(method, set()) for method in sorted(devices))
