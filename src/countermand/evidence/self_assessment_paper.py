"""The self-assessment on paper: what happened, the trace, the times, the controls, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.paper_words import MASKED_FOOT, field, signed_foot
from countermand.evidence.responsibility import ResponsibilityMap, Verdict
from countermand.evidence.responsibility_paper import failed_controls
from countermand.evidence.self_assessment import Hop, SelfAssessment, Timing
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.cases import RootCause
from countermand.vocabulary.documents import (
    Cell,
    Document,
    Fields,
    Prose,
    Section,
    Table,
    Tone,
    exact,
    plain,
    same,
)

_HOPS = {
    Hop.MESSAGE: Text(en="first word heard", zh="首条消息受理"),
    Hop.CASE: Text(en="case", zh="案件"),
    Hop.INCIDENT: Text(en="incident contained", zh="事件止付"),
    Hop.ORDERS: Text(en="orders on the account", zh="账户管控指令"),
    Hop.OUTBOX: Text(en="instructions to other systems", zh="下发其他系统的指令"),
    Hop.LEDGER: Text(en="core banking's ledger", zh="核心账务系统"),
    Hop.NOTICES: Text(en="notices to the customer", zh="客户通知"),
}
_TIMINGS = {
    "stopped": Text(en="from the first word until everything was stopped", zh="自首条消息至全部止付"),
    "core_told": Text(en="until core banking acknowledged", zh="至核心系统确认"),
    "first_answer": Text(en="until the first answer to the customer", zh="至首次答复客户"),
}
_CAUSES = {
    RootCause.SYSTEM_FLAW: Text(en="a flaw of the system", zh="系统缺陷"),
    RootCause.DATA_LEAK: Text(en="data that leaked", zh="信息泄露"),
    RootCause.PROCESS_DEFECT: Text(en="a defect of process", zh="流程缺陷"),
    RootCause.CUSTOMER_DEVICE: Text(en="the customer's device was taken over", zh="客户设备被控制"),
    RootCause.CUSTOMER_DECEIVED: Text(en="the customer was deceived", zh="客户受骗"),
    RootCause.MERCHANT: Text(en="the merchant", zh="商户原因"),
    RootCause.STAFF: Text(en="staff", zh="工作人员原因"),
    RootCause.NO_FAULT: Text(en="nobody's fault", zh="无责任方"),
    RootCause.UNKNOWN: Text(en="not known", zh="未查明"),
}
_NOT_YET = Text(en="not yet", zh="尚未发生")


def self_assessment(
    found: SelfAssessment,
    controls: ResponsibilityMap,
    record: CaseRecord,
    clock_names: Mapping[str, Text],
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """The paper; it says first what did not go well."""
    trace = plain(Text(en="no report carried one", zh="未携带"), Tone.BAD)
    if found.trace is not None:
        trace = exact(found.trace)
    late = [one for one in found.timings if one.late]
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Self-assessment of an incident", zh="事件自我评估报告"),
        lead=Text(
            en="What we did after somebody said “that was not me”: how fast, along which trace, and what "
            "failed.",
            zh="自客户提出“不是我”起，本机构的处置速度、全链路日志与失效环节自查。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Made at", "制作时间", written_time(record.made_at, timezone)),
            field("Trace id", "链路标识", trace),
            field("From first word to ledger", "首条消息至账务", *_reach(found)),
            field("Goals missed", "未达目标", str(len(late)), _tone(late)),
            field("Controls failed", "失效控制", str(found.failed), _tone(found.failed)),
            field("Deadlines missed", "逾期时限", str(len(found.breached)), _tone(found.breached)),
        ),
        sections=(
            Section(Text(en="One trace through all systems", zh="全链路追踪"), (_way(found, timezone),)),
            Section(Text(en="How fast", zh="处置时效"), (_times(found),)),
            Section(
                Text(en="Controls that failed", zh="失效的控制措施"),
                (failed_controls(controls, record, clock_names, timezone),),
            ),
            Section(Text(en="Deadlines missed", zh="逾期时限"), (_breached(found, clock_names),)),
            Section(Text(en="Cause and what is done about it", zh="原因与整改"), (_cause(found, controls),)),
        ),
        foot=(
            Text(
                en="Made from the record by fixed rules, without anybody's editing; whoever adds a view "
                "adds a paper.",
                zh="本报告由系统记录按固定规则生成，未经人工修改；如有补充意见，另行出具。",
            ),
            MASKED_FOOT,
            signed_foot(stamped=stamped),
        ),
        made_at=record.made_at,
        signed_lines=(
            Text(en="Reviewed by", zh="复核人（签名）"),
            Text(en="Responsible", zh="负责人（签名）"),
        ),
    )


def _reach(found: SelfAssessment) -> tuple[Text, Tone]:
    """How far one trace leads; without a core banking system there is no ledger to reach."""
    if not found.whole:
        return Text(en="broken", zh="中断"), Tone.BAD
    if not found.in_ledger:
        return Text(en="unbroken, no ledger record yet", zh="贯通，账务尚无记录"), Tone.DOUBT
    return Text(en="unbroken", zh="全程贯通"), Tone.GOOD


def _tone(bad: object) -> Tone:
    return Tone.BAD if bad else Tone.GOOD


def _way(found: SelfAssessment, timezone: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in found.way:
        if not one.carrying and not one.others:
            state = plain(Text(en="nothing there", zh="无记录"), Tone.QUIET)
        elif one.others:
            state = plain(Text(en=f"{one.others} without it", zh=f"{one.others} 条未携带"), Tone.BAD)
        else:
            state = plain(Text(en="same trace", zh="同一链路"), Tone.GOOD)
        at = "" if one.at is None else exact_time(one.at, timezone)[:19]
        rows.append((plain(_HOPS[one.hop]), plain(str(one.carrying)), plain(at, Tone.QUIET), state))
    return Table(
        columns=(
            Text(en="Where", zh="环节"),
            Text(en="Records", zh="记录数"),
            Text(en="First at", zh="首条时间"),
            Text(en="Trace", zh="链路标识"),
        ),
        widths=(9, 3, 7, 6),
        rows=tuple(rows),
    )


def _times(found: SelfAssessment) -> Table:
    return Table(
        columns=(Text(en="What", zh="事项"), Text(en="Took", zh="用时"), Text(en="Goal", zh="目标")),
        widths=(11, 5, 4),
        rows=tuple(
            (plain(_TIMINGS[one.code]), _took(one), plain(_seconds(one.goal))) for one in found.timings
        ),
    )


def _took(one: Timing) -> Cell:
    if one.seconds is None:
        return plain(_NOT_YET, Tone.BAD if one.late else Tone.DOUBT)
    return plain(_seconds(one.seconds), _tone(one.late))


def _seconds(count: int) -> Text:
    if count < 120:
        return Text(en=f"{count} s", zh=f"{count} 秒")
    return Text(en=f"{count // 60} min", zh=f"{count // 60} 分钟")


def _breached(found: SelfAssessment, names: Mapping[str, Text]) -> Prose:
    if not found.breached:
        return Prose((Text(en="None so far.", zh="截至目前无逾期。"),))
    return Prose(tuple(names.get(one, same(one)) for one in found.breached))


def _cause(found: SelfAssessment, controls: ResponsibilityMap) -> Fields:
    cause = Text(en="not found yet", zh="尚未认定")
    if found.root_cause is not None:
        cause = _CAUSES[found.root_cause]
    owner = Text(en="nobody named yet", zh="尚未指定") if found.fix_owner is None else same(found.fix_owner)
    waiting = controls.count(Verdict.OPEN)
    return Fields(
        (
            field("Root cause", "根本原因", cause),
            field("Who removes it", "整改责任人", owner),
            field("Controls not settled", "待定控制", str(waiting), Tone.DOUBT if waiting else Tone.PLAIN),
            field("Looks at the customer's data", "查阅客户数据次数", str(found.looks)),
        )
    )
