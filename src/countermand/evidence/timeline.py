"""The timeline of a case: what happened when, from the first operation to now, with what proves each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from countermand.evidence.case_record import CaseRecord, OperationRecord, Stop
from countermand.evidence.covering import Cover
from countermand.evidence.leak_scanner import covered
from countermand.evidence.paper_words import HOLDS, METHODS, OUTCOMES, amount_of, channel_of, joined
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Direction, EventKind, Stage
from countermand.vocabulary.clocks import ClockKind, ClockState
from countermand.vocabulary.documents import Tone, same
from countermand.vocabulary.effects import EffectState
from countermand.vocabulary.notices import REACHED
from countermand.vocabulary.operation_words import titled
from countermand.vocabulary.orders import MEASURE_TEXTS, Measure

WORDS_MAX = 240


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, by our clock (microseconds UTC); `entry` is where the log has it."""

    at: int
    what: Text
    more: Text | None = None
    by: Text | None = None
    tone: Tone = Tone.PLAIN
    entry: str | None = None


class TimeProof(msgspec.Struct, frozen=True, kw_only=True):
    """What vouches for the times: a signed tree over the case's entries, and who else signed it.

    `entries` of `lines` are in it; `signed_at` in microseconds UTC; `witnesses` by name.
    """

    origin: str
    size: int
    root: str
    signed_at: int
    entries: int
    lines: int
    witnesses: tuple[str, ...] = ()


_BANK, _CORE = Text(en="core banking", zh="核心系统"), Text(en="our systems", zh="本机构系统")
_HOLDER, _DESK = Text(en="customer", zh="客户"), Text(en="desk", zh="客服台")
_STAGES = {
    Stage.INTAKE: Text(en="intake", zh="受理"),
    Stage.CONTAIN: Text(en="stopping", zh="止付"),
    Stage.INVESTIGATE: Text(en="investigation", zh="调查"),
    Stage.DECIDE: Text(en="decision", zh="出具结果"),
    Stage.REMEDY: Text(en="remedy", zh="落实处理"),
    Stage.CLOSED: Text(en="closed", zh="办结"),
}
_EVENTS = {
    EventKind.OPENED: Text(en="Case opened", zh="立案"),
    EventKind.OUTCOME_SET: Text(en="Result found", zh="得出处理结果"),
    EventKind.CLOSED: Text(en="Case closed", zh="办结"),
    EventKind.REOPENED: Text(en="Case opened again", zh="重新打开"),
    EventKind.APPEALED: Text(en="Appeal received", zh="收到申诉"),
    EventKind.REVIEWED: Text(en="Appeal reviewed by somebody else", zh="申诉由他人复核"),
    EventKind.WITHDRAWN: Text(en="Withdrawn by the customer", zh="客户撤回"),
    EventKind.COLLECTION_PAUSED: Text(en="Collection paused or taken up again", zh="催收暂停或恢复"),
    EventKind.POLICE_REPORTED: Text(en="Police receipt noted", zh="登记报案回执"),
    EventKind.PROMISED: Text(en="Promise made", zh="作出承诺"),
    EventKind.PROMISE_KEPT: Text(en="Promise kept", zh="承诺完成"),
    EventKind.DISCLOSED: Text(en="Data looked at, on record", zh="数据被查阅（留痕）"),
}
_OUTCOME_TONES = {"allow": Tone.DOUBT, "deny": Tone.GOOD}


def moments_of(record: CaseRecord, cover: Cover, clock_names: Mapping[str, Text]) -> tuple[Moment, ...]:
    """Everything, in order; of one instant: what was asked, what was said, what that came to."""
    entries: dict[int, str] = {}
    for fact in record.facts:
        if fact.index is not None:
            entries.setdefault(fact.at, f"{fact.shard}/{fact.index}")
    found = [
        *(moment for one in record.operations for moment in _of_operation(one, cover)),
        *_of_words(record),
        *(moment for stop in record.stops for moment in _of_stop(stop)),
        *(moment for one in record.operations for moment in _of_hold(one)),
        *_of_notices(record),
        *_of_events(record),
        *_of_clocks(record, clock_names),
    ]
    found.sort(key=lambda one: one.at)
    # Instants are of microseconds: the first entry of the very instant is about this.
    return tuple(msgspec.structs.replace(one, entry=entries.get(one.at)) for one in found)


def timeline_data(record: CaseRecord, moments: tuple[Moment, ...], proof: TimeProof | None) -> dict[str, Any]:
    """For programs."""
    return {
        "v": 1,
        "paper": "timeline",
        "case": record.number,
        "made_at": rfc3339(record.made_at),
        "proof_of_time": None
        if proof is None
        else {**msgspec.to_builtins(proof), "signed_at": rfc3339(proof.signed_at)},
        "moments": [
            {
                "at": rfc3339(one.at),
                "what": {"en": one.what.en, "zh": one.what.zh},
                "more": None if one.more is None else {"en": one.more.en, "zh": one.more.zh},
                "by": None if one.by is None else one.by.en,
                "entry": one.entry,
            }
            for one in moments
        ],
    }


def _of_operation(one: OperationRecord, cover: Cover) -> Iterator[Moment]:
    asked, name, amount = one.operation, titled(one.operation.kind), amount_of(one.operation)
    device = cover.device(None if asked.device is None else asked.device.id)
    receiver = cover.receiver(None if asked.counterparty is None else asked.counterparty.id)
    outcome = OUTCOMES[one.decision.outcome]
    yield Moment(
        at=one.received_at,
        what=Text(en=f"{name.en}, {amount.en}: {outcome.en}", zh=f"{name.zh}，{amount.zh}：{outcome.zh}"),
        more=Text(
            en=f"{device.en}, {cover.address(asked.ip).en}, to {receiver.en}",
            zh=f"{device.zh}，网络 {cover.address(asked.ip).zh}，至{receiver.zh}",
        ),
        by=channel_of(asked.channel) if asked.channel is not None else None,
        tone=_OUTCOME_TONES.get(one.decision.outcome, Tone.PLAIN),
    )
    for attempt in one.attempts:
        what = Text(en="The holder was asked to confirm", zh="要求本人验证")
        yield Moment(at=attempt.begun_at, what=what, by=_CORE, tone=Tone.QUIET)
    for given in one.confirmations:
        methods = joined([METHODS[method] for method in given.methods])
        what = Text(en=f"Confirmed: {methods.en}", zh=f"验证通过：{methods.zh}")
        yield Moment(at=given.at, what=what, by=cover.device(given.device))
    if one.consent is not None:
        what = Text(en="The words shown were agreed to", zh="对展示内容明示同意")
        yield Moment(at=one.consent.given_at, what=what, by=cover.device(one.consent.device))


def _of_hold(one: OperationRecord) -> Iterator[Moment]:
    name, amount = titled(one.operation.kind), amount_of(one.operation)
    if one.hold is not None and one.hold.ended_at is not None:
        state = HOLDS[one.hold.state]
        what = Text(en=f"{name.en}, {amount.en}: {state.en}", zh=f"{name.zh}，{amount.zh}：{state.zh}")
        good = "no effect" in state.en
        yield Moment(at=one.hold.ended_at, what=what, by=_CORE, tone=Tone.GOOD if good else Tone.PLAIN)


def _of_stop(stop: Stop) -> Iterator[Moment]:
    words = [MEASURE_TEXTS[Measure(order.measure)] for order in stop.orders]
    yield Moment(
        at=stop.incident.placed_at,
        what=Text(en="Stopped", zh="已停住"),
        more=Text(en=" ".join(one.en for one in words), zh="".join(one.zh for one in words)),
        by=_CORE,
        tone=Tone.GOOD,
    )
    for lifting in sorted({order.lifted_at for order in stop.orders if order.lifted_at is not None}):
        yield Moment(at=lifting, what=Text(en="Orders lifted", zh="止付解除"), by=_DESK)
    for effect in stop.effects:
        if effect.port == "banking" and effect.ended_at is not None:
            done = effect.state is EffectState.DONE
            what = Text(en=f"Core banking refused: {effect.action}", zh=f"核心系统拒绝执行：{effect.action}")
            if done:
                what = Text(
                    en=f"Core banking acknowledged: {effect.action}", zh=f"核心系统已确认：{effect.action}"
                )
            yield Moment(
                at=effect.ended_at,
                what=what,
                by=_BANK,
                tone=Tone.GOOD if done else Tone.BAD,
            )


def _of_notices(record: CaseRecord) -> Iterator[Moment]:
    for notice, sendings in record.notices:
        for way in sendings:
            reached = way.state in REACHED
            said, by = (
                Text(en="reached", zh="已送达") if reached else same(way.state.value),
                way.channel.value,
            )
            yield Moment(
                at=way.ended_at or way.planned_at,
                what=Text(en=f"Notice by {by}: {said.en}", zh=f"通知（{by}）：{said.zh}"),
                more=same(notice.kind),
                tone=Tone.PLAIN if reached else Tone.DOUBT,
            )


def _of_words(record: CaseRecord) -> Iterator[Moment]:
    """What was said to and fro, masked; notes among staff are no part of it."""
    known = set(record.raw_values())
    for one in record.messages:
        if one.direction is Direction.NOTE:
            continue
        words = covered(one.masked, known)
        words = words if len(words) <= WORDS_MAX else f"{words[:WORDS_MAX]}……"
        came = one.direction is Direction.IN
        channel = channel_of(one.channel)
        what = Text(en=f"Customer said ({channel.en})", zh=f"客户陈述（{channel.zh}）")
        if not came:
            what = Text(en=f"We answered ({channel.en})", zh=f"我方答复（{channel.zh}）")
        yield Moment(at=one.at, what=what, more=same(words), by=None, tone=Tone.PLAIN)


def _of_events(record: CaseRecord) -> Iterator[Moment]:
    for event in record.events:
        if event.kind is EventKind.STAGE_MOVED:
            stage = _STAGES[Stage(event.body["stage"])]
            what = Text(en=f"Next: {stage.en}", zh=f"进入环节：{stage.zh}")
            yield Moment(at=event.at, what=what, by=_DESK, tone=Tone.QUIET)
        elif event.kind in _EVENTS:
            yield Moment(at=event.at, what=_EVENTS[event.kind], by=_who(event.actor))


def _of_clocks(record: CaseRecord, names: Mapping[str, Text]) -> Iterator[Moment]:
    for clock in record.clocks:
        if clock.kind not in (ClockKind.LEGAL, ClockKind.STAGE, ClockKind.PROMISE) or clock.ended_at is None:
            continue
        name = names.get(clock.policy, same(clock.policy))
        if clock.state is ClockState.MET:
            what = Text(en=f"In time: {name.en}", zh=f"按时完成：{name.zh}")
            yield Moment(at=clock.ended_at, what=what, tone=Tone.GOOD)
        elif clock.state is ClockState.BREACHED:
            what = Text(en=f"Missed: {name.en}", zh=f"逾期：{name.zh}")
            yield Moment(at=clock.due_at, what=what, tone=Tone.BAD)


def _who(actor: str) -> Text | None:
    return _HOLDER if actor == "customer" else _DESK if actor else None
