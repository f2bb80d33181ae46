"""Giving an account back: grade by grade, each with its proofs; what binds on, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_SECOND, micros_of
from countermand.kernel.errors import Conflict, Forbidden
from countermand.vocabulary.incidents import Incident, IncidentState, Proof, Source
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.orders import Measure, Order, Subject

PROOF_FRESH_MICROS = 15 * 60 * MICROS_PER_SECOND
# What a proof shows; two of one kind count once. A code sent out proves that the device is in hand, no more.
FACTOR_OF_METHOD = {
    "passkey": "possession",
    "totp": "possession",
    "sms_otp": "possession",
    "email_otp": "possession",
    "out_of_band_call": "possession",
    "password": "knowledge",
    "liveness": "inherence",
    "video": "in_person",
    "branch": "in_person",
}
GRADE_MAX = 3
SMALL_LIMIT = Amount(minor=100_000, currency="CNY")
SMALL_MICROS = 7 * MICROS_PER_DAY
REVIEW_MICROS = 30 * MICROS_PER_DAY


@dataclass(frozen=True, slots=True)
class Grade:
    """What a grade lifts, and how many independent proofs it wants; `in_person` must be among them."""

    lifts: frozenset[Measure]
    factors_min: int
    in_person: bool = False


_ACCESS = frozenset({Measure.STOP_SESSIONS, Measure.STOP_CHANNELS, Measure.STOP_KINDS})
_MONEY = frozenset(
    {
        Measure.FREEZE,
        Measure.STOP_OUTGOING,
        Measure.STOP_PAYEES,
        Measure.STOP_INSTRUMENTS,
        Measure.LOWER_LIMIT,
    }
)
# 1: ways in. 2: small amounts again, each of them checked. 3: everything, under review for a month.
GRADES = {
    1: Grade(_ACCESS, 1),
    2: Grade(_ACCESS | _MONEY, 2),
    3: Grade(frozenset(Measure), 2, in_person=True),
}


@dataclass(frozen=True, slots=True)
class Lifting:
    """The orders to lift, those that come in their place, and where the incident then stands."""

    lift: tuple[Order, ...]
    place: tuple[Order, ...]
    state: IncidentState


def check_proofs(grade: int, proofs: Collection[Proof], suspect_devices: Collection[str], now: int) -> None:
    """Raises Forbidden `proofs_missing` where the proofs that count are too few for the grade.

    Stale ones and those given on a device that the incident stopped do not count, two of one kind count once.
    """
    wanted = GRADES[grade]
    counted: set[str] = set()
    for proof in proofs:
        age = now - micros_of(proof.given_at)
        if 0 <= age <= PROOF_FRESH_MICROS and proof.device not in set(suspect_devices):
            factor = FACTOR_OF_METHOD.get(proof.method)
            if factor is not None:
                counted.add(factor)
    if len(counted) >= wanted.factors_min and (not wanted.in_person or "in_person" in counted):
        return
    en = f"Grade {grade} wants {wanted.factors_min} independent proofs of the last 15 minutes"
    zh = f"第{grade}级解除需要15分钟内的{wanted.factors_min}种相互独立的凭证"
    if wanted.in_person:
        en, zh = f"{en}, one of them by video or at a branch", f"{zh}，其中一种须为视频或网点核验"
    raise Forbidden(
        "proofs_missing",
        f"{en}; proofs given on a device that the incident stopped do not count.",
        f"{zh}；在事件涉及的设备上给出的凭证不计。",
        grade=grade,
        counted=sorted(counted),
        factors_min=wanted.factors_min,
        in_person=wanted.in_person,
    )


def check_liftable(incident: Incident) -> None:
    """Raises Conflict `police_stop_binds`: only the police, or its end, lift a stop of theirs."""
    if incident.source is Source.POLICE:
        raise Conflict(
            "police_stop_binds",
            "A stop of the police is not lifted here; it ends by itself after 48 hours.",
            "公安止付不在此处解除；满48小时自动解除。",
            incident=incident.id,
            reference=incident.reference,
        )


def lifting(
    incident: Incident,
    orders: Sequence[Order],
    grade: int,
    actor: str,
    now: int,
    new_id: Callable[[str], str],
) -> Lifting:
    """What a grade does with the orders of an incident that still bind; again, or a lower grade: nothing.

    Grade 2 leaves a small limit and a hold on every payment for a week, grade 3 a challenge for a month.
    Devices of the incident stay out, and no new debt is possible, until grade 3.
    """
    if incident.state is IncidentState.CLOSED or grade <= incident.grade:
        return Lifting((), (), incident.state)
    lift = tuple(order for order in orders if order.measure in GRADES[grade].lifts or grade == GRADE_MAX)
    subjects = dict.fromkeys(
        order.subject
        for order in orders
        if order.measure in _MONEY and (order.account is not None or order.person is not None)
    )
    place: list[Order] = []
    for subject in subjects:
        if grade == GRADE_MAX - 1:
            place.append(
                _after(
                    incident,
                    subject,
                    Measure.LOWER_LIMIT,
                    actor,
                    now,
                    new_id,
                    now + SMALL_MICROS,
                    SMALL_LIMIT,
                )
            )
            place.append(
                _after(incident, subject, Measure.HEIGHTENED_REVIEW, actor, now, new_id, now + SMALL_MICROS)
            )
        if grade == GRADE_MAX:
            place.append(
                _after(incident, subject, Measure.HEIGHTENED_REVIEW, actor, now, new_id, now + REVIEW_MICROS)
            )
    return Lifting(lift, tuple(place), IncidentState.CLOSED if grade == GRADE_MAX else IncidentState.LIFTING)


def _after(
    incident: Incident,
    subject: Subject,
    measure: Measure,
    actor: str,
    now: int,
    new_id: Callable[[str], str],
    ends_at: int,
    limit: Amount | None = None,
) -> Order:
    held = ends_at <= now + SMALL_MICROS
    return Order(
        id=new_id("ord"),
        measure=measure,
        account=subject.account,
        person=subject.person,
        values=() if measure is not Measure.HEIGHTENED_REVIEW else ("hold",) if held else ("challenge",),
        amount_limit=limit,
        code="recovering",
        placed_at=now,
        placed_by=actor,
        ends_at=ends_at,
        incident=incident.id,
    )
