"""The masked log of a case: what systems recorded, line by line, with nothing raw in it.

Two cuts of the same: the desk's is whole; the holder's leaves out how rules decide, and the work among staff.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from io import StringIO
from typing import Any

import msgspec

from countermand.evidence.case_record import CaseRecord, FactLine, OperationRecord
from countermand.evidence.covering import Cover
from countermand.evidence.paper_words import HOLDS, METHODS, OUTCOMES, amount_of, channel_of, joined
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.documents import same
from countermand.vocabulary.operation_words import titled


class Source(StrEnum):
    """Which system recorded a line."""

    OPERATIONS = "operations"
    PROOFS = "proofs"
    ORDERS = "orders"
    NOTICES = "notices"
    CASES = "cases"
    EVIDENCE = "evidence"
    JOURNAL = "journal"


SOURCE_WORDS = {
    Source.OPERATIONS: Text(en="operations", zh="操作系统日志"),
    Source.PROOFS: Text(en="authentication", zh="身份验证日志"),
    Source.ORDERS: Text(en="orders", zh="止付管控日志"),
    Source.NOTICES: Text(en="notices", zh="通知日志"),
    Source.CASES: Text(en="cases", zh="受理日志"),
    Source.EVIDENCE: Text(en="evidence", zh="证据日志"),
    Source.JOURNAL: Text(en="journal", zh="业务流水"),
}


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """When (microseconds UTC), which system, what, more by name; `entry` is its place in the log."""

    at: int
    source: Source
    what: Text
    more: Mapping[str, str] = {}
    trace: str | None = None
    entry: str | None = None


# Of a case its holder reads what the portal shows too; not marks of risk, nor the work among staff.
_CASE_WORDS = {
    EventKind.OPENED: Text(en="case opened", zh="立案"),
    EventKind.CONTAINED: Text(en="protection of the case changed", zh="止付状态变更"),
    EventKind.GIVEN_BACK: Text(en="protection lifted", zh="解除止付"),
    EventKind.RECALL_ASKED: Text(en="money asked back", zh="发出追回请求"),
    EventKind.RECALL_ANSWERED: Text(en="answer about the money asked back", zh="收到追回答复"),
    EventKind.STAGE_MOVED: Text(en="next stage", zh="进入下一环节"),
    EventKind.OUTCOME_SET: Text(en="result found", zh="得出处理结果"),
    EventKind.CLOSED: Text(en="case closed", zh="办结"),
    EventKind.REOPENED: Text(en="case opened again", zh="重新打开"),
    EventKind.APPEALED: Text(en="appeal received", zh="收到申诉"),
    EventKind.WITHDRAWN: Text(en="withdrawn", zh="撤回"),
    EventKind.PROMISED: Text(en="promise made", zh="作出承诺"),
    EventKind.PROMISE_KEPT: Text(en="promise kept", zh="承诺完成"),
    EventKind.COLLECTION_PAUSED: Text(en="collection changed", zh="催收状态变更"),
    EventKind.DISCLOSED: Text(en="data was looked at", zh="数据被查阅"),
    EventKind.POLICE_REPORTED: Text(en="police report noted", zh="登记报案回执"),
}
_PLAIN_KEYS = frozenset(
    {
        "kind", "seq", "operation", "decision", "outcome", "policy", "incident", "order", "measure", "cause",
        "state", "channel", "notice", "case", "exhibit", "touch", "clock", "grade", "statement", "strength",
        "methods", "challenge", "confirmation", "port", "action", "effect", "task", "stage", "report",
        "method", "purpose", "tier", "code",
    }
)  # fmt: skip
# How rules decide is told to nobody who could learn from it how to pass them.
_DESK_KINDS = frozenset({"answer.refused", "challenge.answer_refused", "task.raised", "task.done"})


def lines_of(record: CaseRecord, cover: Cover, *, holder: bool) -> tuple[LogLine, ...]:
    """All lines by time; total."""
    found = [
        *(line for one in record.operations for line in _of_operation(one, cover)),
        *_of_orders(record),
        *_of_notices(record),
        *_of_case(record, holder=holder),
        *(line for fact in record.facts if (line := _of_fact(fact, holder=holder)) is not None),
    ]
    return tuple(sorted(found, key=lambda line: (line.at, list(Source).index(line.source), line.what.en)))


def as_json_lines(lines: Iterable[LogLine]) -> bytes:
    """One JSON object a line, for programs."""
    return b"".join(msgspec.json.encode(told(line)) + b"\n" for line in lines)


def told(line: LogLine) -> dict[str, Any]:
    """A line for programs."""
    return {
        "at": rfc3339(line.at),
        "source": line.source.value,
        "what": {"en": line.what.en, "zh": line.what.zh},
        "more": dict(line.more),
        "trace": line.trace,
        "entry": line.entry,
    }


def as_table(lines: Iterable[LogLine], language: str) -> bytes:
    """The same as CSV (RFC 4180), with the mark by which spreadsheets know UTF-8."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "source", "what", "more", "trace", "entry"])
    for line in lines:
        what = line.what.zh if language == "zh" else line.what.en
        more = "; ".join(f"{name}={value}" for name, value in line.more.items())
        cells = [rfc3339(line.at), line.source.value, what, more, line.trace or "", line.entry or ""]
        writer.writerow([_harmless(cell) for cell in cells])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula is text (OWASP, CSV injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _of_operation(one: OperationRecord, cover: Cover) -> Iterator[LogLine]:
    asked, name = one.operation, titled(one.operation.kind)
    amount = amount_of(asked)
    yield LogLine(
        at=one.received_at,
        source=Source.OPERATIONS,
        what=_said(name, OUTCOMES[one.decision.outcome]),
        more={
            "operation": asked.id,
            "decision": one.decision.id,
            "amount": amount.en,
            "device": cover.device(None if asked.device is None else asked.device.id).en,
            "session": cover.session(asked.session).en,
            "network": cover.address(asked.ip).en,
            "channel": channel_of(asked.channel).en,
            "receiver": cover.receiver(None if asked.counterparty is None else asked.counterparty.id).en,
        },
        trace=one.trace,
    )
    for attempt in one.attempts:
        yield LogLine(
            at=attempt.begun_at,
            source=Source.PROOFS,
            what=Text(en="challenge begun", zh="发起身份验证"),
            more={
                "operation": asked.id,
                "challenge": attempt.id,
                "ended": attempt.state,
                "wrong_answers": str(attempt.wrong_answers),
                "device": cover.device(attempt.device).en,
            },
        )
    for given in one.confirmations:
        yield LogLine(
            at=given.at,
            source=Source.PROOFS,
            what=_said(Text(en="proved", zh="验证通过"), joined([METHODS[one] for one in given.methods])),
            more={"operation": asked.id, "proof": given.id, "device": cover.device(given.device).en},
        )
    if one.consent is not None:
        yield LogLine(
            at=one.consent.given_at,
            source=Source.PROOFS,
            what=Text(en="consent given", zh="明示同意"),
            more={
                "operation": asked.id,
                "statement": f"{one.consent.statement}@{one.consent.version}",
                "shown_sha256": one.consent.digest.hex(),
            },
        )
    if one.hold is not None and one.hold.ended_at is not None:
        yield LogLine(
            at=one.hold.ended_at,
            source=Source.OPERATIONS,
            what=_said(name, HOLDS[one.hold.state]),
            more={"operation": asked.id, "cause": one.hold.cause or ""},
        )


def _of_orders(record: CaseRecord) -> Iterator[LogLine]:
    for stop in record.stops:
        trace = next((one.trace for one in stop.effects if one.trace), None)
        for order in stop.orders:
            more = {"order": order.id, "incident": stop.incident.id, "measure": order.measure}
            what = Text(en="order placed", zh="止付指令生效")
            yield LogLine(at=order.placed_at, source=Source.ORDERS, what=what, more=more, trace=trace)
            if order.lifted_at is not None:
                what = Text(en="order lifted", zh="止付指令解除")
                yield LogLine(at=order.lifted_at, source=Source.ORDERS, what=what, more=more)
        for effect in stop.effects:
            more = {"effect": effect.id, "port": effect.port, "action": effect.action}
            yield LogLine(
                at=effect.ended_at or effect.placed_at,
                source=Source.ORDERS,
                what=_said(Text(en="instruction", zh="系统指令"), _EFFECTS[effect.state.value]),
                more={**more, "attempts": str(effect.attempts)},
                trace=effect.trace,
            )


_EFFECTS = {
    "pending": Text(en="waiting", zh="待执行"),
    "done": Text(en="acknowledged", zh="已确认"),
    "failed": Text(en="refused", zh="被拒绝"),
}


def _of_notices(record: CaseRecord) -> Iterator[LogLine]:
    for notice, sendings in record.notices:
        for way in sendings:
            yield LogLine(
                at=way.ended_at or way.planned_at,
                source=Source.NOTICES,
                what=_said(Text(en="notice", zh="通知"), same(notice.kind)),
                more={"notice": notice.id, "channel": way.channel.value, "state": way.state.value},
                trace=notice.trace,
            )
        if not sendings:
            yield LogLine(
                at=notice.at,
                source=Source.NOTICES,
                what=_said(Text(en="notice", zh="通知"), same(notice.kind)),
                more={"notice": notice.id, "channel": "feed"},
                trace=notice.trace,
            )


def _of_case(record: CaseRecord, *, holder: bool) -> Iterator[LogLine]:
    for heard in record.heard:
        yield LogLine(
            at=heard.received_at,
            source=Source.CASES,
            what=_said(Text(en="report received", zh="收到诉求"), channel_of(heard.channel)),
            more={"report": heard.id},
        )
    for event in record.events:
        words = _CASE_WORDS.get(event.kind)
        if words is None:
            if holder:
                continue
            words = same(event.kind.value)
        more = {"seq": str(event.seq)} | ({} if holder else {"by": event.actor})
        yield LogLine(at=event.at, source=Source.CASES, what=words, more=more, trace=event.trace)
    for touch in record.custody:
        yield LogLine(
            at=touch.at,
            source=Source.EVIDENCE,
            what=_said(Text(en="exhibit", zh="证物"), same(touch.touch.value)),
            more={"exhibit": touch.exhibit, "seq": str(touch.seq), "by": touch.actor},
        )


def _of_fact(fact: FactLine, *, holder: bool) -> LogLine | None:
    """A fact holds no personal data; the holder gets those about them, without what rules said."""
    if holder and fact.kind in _DESK_KINDS:
        return None
    entry = None if fact.index is None else f"{fact.shard}/{fact.index}"
    hidden = frozenset({"policy"}) if holder else frozenset()
    more = {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in fact.body.items()
        if name in _PLAIN_KEYS - hidden
    }
    if fact.leaf is not None:
        more["leaf_sha256"] = fact.leaf.hex()
    return LogLine(
        at=fact.at, source=Source.JOURNAL, what=same(fact.kind), more=more, trace=fact.trace, entry=entry
    )


def _said(one: Text, other: Text) -> Text:
    return Text(en=f"{one.en}: {other.en}", zh=f"{one.zh}：{other.zh}")
