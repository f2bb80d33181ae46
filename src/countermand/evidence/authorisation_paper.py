"""The authorisation record on paper; it also says what it does not prove."""

from __future__ import annotations

from collections.abc import Sequence

from countermand.evidence.authorisation import GRADES, Grade, grade_of, same_device
from countermand.evidence.case_record import Attempt, CaseRecord, OperationRecord
from countermand.evidence.covering import Cover
from countermand.evidence.paper_words import (
    FACTORS,
    HOLDS,
    MASKED_FOOT,
    METHODS,
    NO_ADVICE,
    OUTCOMES,
    amount_of,
    channel_of,
    field,
    joined,
    signed_foot,
)
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.confirmations import needs_consent
from countermand.vocabulary.documents import (
    Block,
    Cell,
    Document,
    Field,
    Fields,
    Heading,
    Prose,
    Section,
    Table,
    Tone,
    exact,
    plain,
)
from countermand.vocabulary.operation_words import titled

# In the paper; the JSON beside it has all of them.
DETAILED_MAX = 40
_TONES = {
    Grade.STRONG: Tone.PLAIN,
    Grade.SOME: Tone.DOUBT,
    Grade.NOTHING: Tone.BAD,
    Grade.NO_EFFECT: Tone.GOOD,
}


def authorisation_record(
    record: CaseRecord,
    cover: Cover,
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """The paper: a table of all operations, then each with what is on record of it."""
    grades = [grade_of(one) for one in record.operations]
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Authorisation record", zh="操作授权记录"),
        lead=Text(
            en="Who asked for each operation, on which device, with which proofs and which consent, "
            "as it was recorded then.",
            zh="逐笔列明操作由谁、在何设备、以何种验证方式和同意发起，均为当时留存的记录。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=_summary(record, grades, timezone),
        sections=_sections(record, cover, timezone),
        foot=(
            Text(
                en="That an instrument, a password or a code was used shows what was used, not who used it.",
                zh="支付工具、口令或验证码被使用，只说明使用了什么，不等于本人使用。",
            ),
            MASKED_FOOT,
            signed_foot(stamped=stamped),
            NO_ADVICE,
        ),
        made_at=record.made_at,
    )


def _summary(record: CaseRecord, grades: Sequence[Grade], timezone: str) -> tuple[Field, ...]:
    counted = [(grade, grades.count(grade)) for grade in Grade if grade in grades]
    return (
        field("Made at", "制作时间", written_time(record.made_at, timezone)),
        field("Operations", "操作笔数", str(len(record.operations))),
        *(Field(GRADES[grade], plain(str(count), _TONES[grade])) for grade, count in counted),
    )


def _sections(record: CaseRecord, cover: Cover, timezone: str) -> tuple[Section, ...]:
    if not record.operations:
        none = Text(
            en="The record has no operation of this person in the time in question.",
            zh="所涉时段内，系统中没有该客户的操作记录。",
        )
        return (Section(Text(en="Operations", zh="操作"), (Prose((none,)),)),)
    overview = Table(
        columns=(
            Text(en="No.", zh="序号"),
            Text(en="When", zh="时间"),
            Text(en="What", zh="操作"),
            Text(en="Amount", zh="金额"),
            Text(en="Decision", zh="当时处置"),
            Text(en="On record", zh="授权凭证"),
        ),
        widths=(2, 7, 5, 5, 5, 9),
        rows=tuple(_row(place, one, timezone) for place, one in enumerate(record.operations, 1)),
    )
    shown = record.operations[:DETAILED_MAX]
    detailed: list[Block] = []
    for place, one in enumerate(shown, 1):
        name = titled(one.operation.kind)
        detailed.append(Heading(Text(en=f"No. {place}: {name.en}", zh=f"第{place}笔：{name.zh}")))
        detailed.append(Fields(_details(one, cover, timezone)))
    left = len(record.operations) - len(shown)
    if left:
        more = Text(
            en=f"{left} more operations stand with the same detail in authorisation-record.json.",
            zh=f"另有 {left} 笔操作的同等明细见 authorisation-record.json。",
        )
        detailed.append(Prose((more,)))
    return (
        Section(Text(en="All operations in question", zh="涉及操作总览"), (overview,)),
        Section(Text(en="One by one", zh="逐笔记录"), tuple(detailed)),
    )


def _row(place: int, one: OperationRecord, timezone: str) -> tuple[Cell, ...]:
    grade = grade_of(one)
    return (
        plain(str(place)),
        plain(exact_time(one.occurred_at, timezone)[:19]),
        plain(titled(one.operation.kind)),
        plain(amount_of(one.operation)),
        plain(OUTCOMES[one.decision.outcome]),
        plain(GRADES[grade], _TONES[grade]),
    )


def _details(one: OperationRecord, cover: Cover, timezone: str) -> tuple[Field, ...]:
    asked = one.operation
    who = [
        field("Operation", "操作编号", exact(asked.id)),
        field("Asked for at", "发起时间", exact_time(one.occurred_at, timezone)),
        field("Amount, receiver", "金额与收款方", _money(one, cover)),
        field(
            "Account, channel", "账户与渠道", _pair(cover.account(asked.account), channel_of(asked.channel))
        ),
        field(
            "Device, network",
            "设备与网络",
            _pair(cover.device(None if asked.device is None else asked.device.id), cover.address(asked.ip)),
        ),
        field("Decision", "当时处置", _decided(one)),
    ]
    who += [field("Why", "理由", reason.text) for reason in one.decision.reasons]
    return (*who, *_proofs(one, cover, timezone), *_agreed(one, timezone))


def _proofs(one: OperationRecord, cover: Cover, timezone: str) -> list[Field]:
    rows = [_attempted(attempt, timezone) for attempt in one.attempts]
    for given in one.confirmations:
        methods = joined([METHODS[method] for method in given.methods])
        factors = joined([FACTORS[factor] for factor in given.factors])
        on, at, device = same_device(one, given), exact_time(given.at, timezone), cover.device(given.device)
        said = Text(
            en=f"{methods.en} ({factors.en}) at {at}, {device.en}, {_ON[on].en}",
            zh=f"{methods.zh}（{factors.zh}），{at}，{device.zh}，{_ON[on].zh}",
        )
        rows.append(field("Proof", "验证凭证", said, Tone.PLAIN if on else Tone.DOUBT))
        rows.append(field("Bound to", "绑定摘要", exact(given.linked)))
    if not rows:
        none = Text(en="the holder was not asked to confirm", zh="未要求本人验证")
        tone = Tone.DOUBT if one.decision.outcome == "allow" else Tone.PLAIN
        rows.append(field("Proof", "验证凭证", none, tone))
    return rows


def _attempted(attempt: Attempt, timezone: str) -> Field:
    state, begun = _STATES[attempt.state], exact_time(attempt.begun_at, timezone)
    said = Text(
        en=f"{state.en}, {attempt.wrong_answers} wrong answers, begun {begun}",
        zh=f"{state.zh}，答错 {attempt.wrong_answers} 次，开始于 {begun}",
    )
    clean = attempt.state == "satisfied" and not attempt.wrong_answers
    return field("Challenge", "身份验证", said, Tone.PLAIN if clean else Tone.DOUBT)


def _agreed(one: OperationRecord, timezone: str) -> list[Field]:
    rows, grade = [], grade_of(one)
    if one.consent is not None:
        given = one.consent
        label, at = f"{given.statement}@{given.version}", exact_time(given.given_at, timezone)
        said = Text(
            en=f"{label}, given {at}, shown in {given.language}",
            zh=f"{label}，{at} 同意，展示语言 {given.language}",
        )
        rows.append(field("Consent", "同意记录", said))
        rows.append(field("Consent hash", "同意内容哈希", exact(given.digest.hex())))
    elif needs_consent(one.operation.kind):
        none = Text(en="none on record", zh="无同意记录")
        tone = Tone.PLAIN if grade is Grade.NO_EFFECT else Tone.BAD
        rows.append(field("Consent", "同意记录", none, tone))
    for word in one.approvals:
        at, verdict = exact_time(word.at, timezone), word.verdict.value
        said = Text(
            en=f"{word.by}: {verdict}, {at}",
            zh=f"{word.by}：{'批准' if verdict == 'approve' else '拒绝'}，{at}",
        )
        rows.append(field("Second person", "他人批准", said))
    rows.append(field("What the record shows", "记录能证明的", GRADES[grade], _TONES[grade]))
    return rows


_STATES = {
    "open": Text(en="not ended", zh="未结束"),
    "satisfied": Text(en="passed", zh="通过"),
    "failed": Text(en="failed", zh="未通过"),
    "locked": Text(en="locked", zh="已锁定"),
    "expired": Text(en="ran out", zh="超时"),
}
_ON = {
    True: Text(en="the device that asked", zh="与发起设备相同"),
    False: Text(en="another device than the one that asked", zh="与发起设备不同"),
    None: Text(en="whether it is the device that asked is not known", zh="无法判断是否为发起设备"),
}


def _decided(one: OperationRecord) -> Text:
    outcome = OUTCOMES[one.decision.outcome]
    if one.hold is None:
        return Text(en=f"{outcome.en}, policy {one.policy}", zh=f"{outcome.zh}，策略 {one.policy}")
    state = HOLDS[one.hold.state]
    return Text(
        en=f"{outcome.en}, then {state.en}, policy {one.policy}",
        zh=f"{outcome.zh}，其后{state.zh}，策略 {one.policy}",
    )


def _money(one: OperationRecord, cover: Cover) -> Text:
    asked = one.operation
    return _pair(
        amount_of(asked), cover.receiver(None if asked.counterparty is None else asked.counterparty.id)
    )


def _pair(one: Text, other: Text) -> Text:
    return Text(en=f"{one.en} · {other.en}", zh=f"{one.zh} · {other.zh}")
