"""How the map of responsibilities is read off the record of a case: one fixed rule for each control."""

from __future__ import annotations

from collections.abc import Iterator

from countermand.evidence.authorisation import Grade, grade_of
from countermand.evidence.case_record import CaseRecord, OperationRecord, PlacedOrder, Stop
from countermand.evidence.responsibility import (
    PARTS,
    Control,
    Finding,
    Part,
    Party,
    ResponsibilityMap,
    Verdict,
)
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.vocabulary.cases import CaseOutcome, Direction
from countermand.vocabulary.clocks import ClockKind, ClockState
from countermand.vocabulary.confirmations import needs_consent
from countermand.vocabulary.effects import EffectState
from countermand.vocabulary.holds import WITHOUT_EFFECT, HoldState
from countermand.vocabulary.notices import REACHED
from countermand.vocabulary.operations import STOPPED_BY_FREEZE

# From the first word of a report until what it names is stopped.
CONTAIN_SECONDS_MAX = 60
# From an operation until somebody is told of it.
NOTICE_SECONDS_MAX = 60


def map_of(record: CaseRecord) -> ResponsibilityMap:
    """The map of a case as it stands; total."""
    found = [*_of_operations(record), *_stopping(record), *_handling(record), *_keeping(record)]
    order = list(Part)
    found.sort(key=lambda one: (order.index(PARTS[one.control]), one.at, one.about, one.control.value))
    return ResponsibilityMap(case=record.number, made_at=record.made_at, findings=tuple(found))


def is_unwanted(record: CaseRecord, one: OperationRecord) -> bool | None:
    """Whether an operation was found to be none of the holder's; None while nobody has found anything."""
    if one.label is not None:
        return one.label.fraud
    if record.case.outcome is None:
        return None
    return record.case.outcome in (CaseOutcome.UNAUTHORISED_CONFIRMED, CaseOutcome.DECEIVED)


def _of_operations(record: CaseRecord) -> Iterator[Finding]:
    for one in record.operations:
        if one.operation.kind not in STOPPED_BY_FREEZE:
            continue
        yield _screening(record, one)
        yield _factors(one)
        if needs_consent(one.operation.kind):
            yield _consent(one)
        if one.approvals or "approval" in _needs(one):
            yield _second_person(one)
        if one.hold is not None:
            yield _held(one)
        yield _told(record, one)


def _screening(record: CaseRecord, one: OperationRecord) -> Finding:
    """The policy: what it let through that was unwanted, it missed."""
    unwanted, let = is_unwanted(record, one), one.decision.outcome == "allow"
    verdict, code = Verdict.PASSED, "asked_or_stopped"
    if let:
        verdict, code = Verdict.OPEN, "let_through_not_found_yet"
        if unwanted is not None:
            verdict = Verdict.FAILED if unwanted else Verdict.PASSED
            code = "let_through_unwanted" if unwanted else "let_through_wanted"
    return _about(one, Control.SCREENING, verdict, code, f"policy {one.policy}", one.received_at)


def _factors(one: OperationRecord) -> Finding:
    """Whether the holder was asked to prove it, and did; what took no effect without them passed."""
    by = f"policy {one.policy}"
    if not one.attempts and not one.confirmations:
        verdict = Verdict.NOT_ASKED
        return _about(one, Control.FACTORS, verdict, "no_challenge", by, one.received_at)
    if one.confirmations:
        factors = {factor for given in one.confirmations for factor in given.factors}
        strong = len(factors) > 1
        code = "two_factors" if strong else "one_factor"
        verdict, at = Verdict.PASSED if strong else Verdict.FAILED, one.confirmations[-1].at
        return _about(one, Control.FACTORS, verdict, code, by, at)
    stopped = grade_of(one) is Grade.NO_EFFECT
    last = one.attempts[-1]
    code = "not_proved_no_effect" if stopped else "not_proved"
    verdict = Verdict.PASSED if stopped else Verdict.OPEN
    return _about(one, Control.FACTORS, verdict, code, by, last.ended_at or last.begun_at)


def _consent(one: OperationRecord) -> Finding:
    by = f"policy {one.policy}"
    if one.consent is not None:
        return _about(one, Control.CONSENT, Verdict.PASSED, "consented", by, one.consent.given_at)
    if grade_of(one) is Grade.NO_EFFECT:
        return _about(one, Control.CONSENT, Verdict.PASSED, "no_consent_no_effect", by, one.received_at)
    waits = one.hold is not None and one.hold.state is HoldState.OPEN
    verdict = Verdict.OPEN if waits else Verdict.FAILED
    return _about(one, Control.CONSENT, verdict, "no_consent_on_record", by, one.received_at)


def _second_person(one: OperationRecord) -> Finding:
    if not one.approvals:
        stopped = grade_of(one) is Grade.NO_EFFECT
        verdict = Verdict.PASSED if stopped else Verdict.OPEN
        code, by = "nobody_said_yet", f"policy {one.policy}"
        return _about(one, Control.SECOND_PERSON, verdict, code, by, one.received_at)
    last = one.approvals[-1]
    return _about(
        one, Control.SECOND_PERSON, Verdict.PASSED, last.verdict.value, last.by, last.at, party=Party.STAFF
    )


def _held(one: OperationRecord) -> Finding:
    """A hold passed where it ended by its terms: met and released, or taken back in time."""
    hold = one.hold
    assert hold is not None, "only what was held is asked about"
    if hold.state is HoldState.OPEN:
        return _about(one, Control.HOLD, Verdict.OPEN, "open", "hold", hold.placed_at)
    ended = hold.ended_at or hold.placed_at
    by = hold.ended_by or "hold"
    if hold.state in WITHOUT_EFFECT:
        return _about(one, Control.HOLD, Verdict.PASSED, hold.state.value, by, ended)
    verdict = Verdict.PASSED if not hold.unmet else Verdict.FAILED
    return _about(one, Control.HOLD, verdict, hold.state.value, by, ended)


def _told(record: CaseRecord, one: OperationRecord) -> Finding:
    """Whether somebody outside of the session was told of the operation, and it reached them."""
    about = [
        (notice, sendings)
        for notice, sendings in record.notices
        if notice.values.get("operation") == one.operation.id
    ]
    if not about:
        return _about(one, Control.NOTICE, Verdict.NOT_ASKED, "no_notice", "notices", one.received_at)
    notice, sendings = about[0]
    seconds = (notice.at - one.received_at) // MICROS_PER_SECOND
    reached = [way for way in sendings if way.state in REACHED]
    if not sendings:
        verdict, code, by = Verdict.PASSED, "in_product", "feed"
    elif reached:
        verdict, code, by = Verdict.PASSED, "reached", reached[0].channel.value
    else:
        verdict, code, by = Verdict.FAILED, sendings[-1].state.value, sendings[-1].channel.value
    party = Party.INSTITUTION if verdict is Verdict.PASSED else Party.PROVIDER
    return _about(
        one, Control.NOTICE, verdict, code, by, notice.at, party=party, took=(seconds, NOTICE_SECONDS_MAX)
    )


def _stopping(record: CaseRecord) -> Iterator[Finding]:
    for stop in record.stops:
        yield _contained(record, stop)
        yield _kept(record, stop)
        for effect in stop.effects:
            if effect.port != "banking":
                continue
            verdict = {EffectState.DONE: Verdict.PASSED, EffectState.FAILED: Verdict.FAILED}.get(
                effect.state, Verdict.OPEN
            )
            at = effect.ended_at or effect.placed_at
            yield Finding(
                control=Control.CORE_FOLLOWS,
                verdict=verdict,
                party=Party.CORE_BANKING,
                about=effect.id,
                code=f"{effect.action}_{effect.state.value}",
                by="core banking",
                at=at,
                seconds=(at - effect.placed_at) // MICROS_PER_SECOND,
            )


def _contained(record: CaseRecord, stop: Stop) -> Finding:
    """From the last thing heard before it, since nobody stops what nobody has told."""
    placed = stop.incident.placed_at
    before = [one.received_at for one in record.heard if one.received_at <= placed]
    begun = max(before, default=placed)
    seconds = (placed - begun) // MICROS_PER_SECOND
    in_time = seconds <= CONTAIN_SECONDS_MAX
    return Finding(
        control=Control.CONTAINMENT,
        verdict=Verdict.PASSED if in_time else Verdict.FAILED,
        party=Party.INSTITUTION,
        about=stop.incident.id,
        code=stop.incident.code,
        by=stop.incident.placed_by,
        at=placed,
        seconds=seconds,
        limit=CONTAIN_SECONDS_MAX,
    )


def _kept(record: CaseRecord, stop: Stop) -> Finding:
    """No money may have moved under a standing order."""
    broken = [
        one
        for one in record.operations
        if one.decision.outcome == "allow"
        and one.operation.kind in STOPPED_BY_FREEZE
        and any(_binds(order, one.received_at) for order in stop.orders)
    ]
    about = broken[0].operation.id if broken else stop.incident.id
    return Finding(
        control=Control.ORDER_KEPT,
        verdict=Verdict.FAILED if broken else Verdict.PASSED,
        party=Party.INSTITUTION,
        about=about,
        code="moved_under_order" if broken else "nothing_moved",
        by="orders",
        at=broken[0].received_at if broken else stop.incident.placed_at,
    )


def _binds(order: PlacedOrder, at: int) -> bool:
    ends = min(end for end in (order.lifted_at, order.ends_at, at + 1) if end is not None)
    return order.measure in ("freeze", "stop_outgoing") and order.placed_at < at < ends


def _handling(record: CaseRecord) -> Iterator[Finding]:
    verdicts = {
        ClockState.MET: Verdict.PASSED,
        ClockState.BREACHED: Verdict.FAILED,
        ClockState.CANCELLED: Verdict.NOT_ASKED,
        ClockState.WAIVED: Verdict.NOT_ASKED,
    }
    for clock in record.clocks:
        if clock.kind not in (ClockKind.LEGAL, ClockKind.STAGE, ClockKind.PROMISE):
            continue
        end = clock.ended_at or record.made_at
        yield Finding(
            control=Control.CLOCK,
            verdict=verdicts.get(clock.state, Verdict.OPEN),
            party=Party.STAFF if clock.kind is ClockKind.PROMISE else Party.INSTITUTION,
            about=clock.policy,
            code=clock.state.value,
            by=clock.owner,
            at=end,
            seconds=(end - clock.started_at) // MICROS_PER_SECOND,
            limit=(clock.due_at - clock.started_at) // MICROS_PER_SECOND,
        )


def _keeping(record: CaseRecord) -> Iterator[Finding]:
    kept = bool(record.operations or record.exhibits)
    said = any(one.direction is Direction.IN for one in record.messages)
    yield Finding(
        control=Control.EVIDENCE,
        verdict=Verdict.PASSED if kept or said else Verdict.OPEN,
        party=Party.INSTITUTION,
        about=record.case.id,
        code="kept" if kept else "words_only",
        by="evidence",
        at=record.made_at,
    )
    if record.facts:
        sealed = sum(one.leaf is not None for one in record.facts)
        whole = sealed == len(record.facts)
        yield Finding(
            control=Control.LOG,
            verdict=Verdict.PASSED if whole else Verdict.OPEN,
            party=Party.INSTITUTION,
            about=f"{sealed}/{len(record.facts)}",
            code="in_log" if whole else "on_its_way",
            by="log",
            at=record.made_at,
        )


def _needs(one: OperationRecord) -> tuple[str, ...]:
    return () if one.hold is None else tuple(need.value for need in one.hold.needs)


def _about(
    one: OperationRecord,
    control: Control,
    verdict: Verdict,
    code: str,
    by: str,
    at: int,
    *,
    party: Party = Party.INSTITUTION,
    took: tuple[int | None, int | None] = (None, None),
) -> Finding:
    return Finding(
        control=control,
        verdict=verdict,
        party=party,
        about=one.operation.id,
        code=code,
        by=by,
        at=at,
        seconds=took[0],
        limit=took[1],
    )
