"""The map of responsibilities on paper: step by step, in words, with who answers for what."""

from __future__ import annotations

from collections.abc import Mapping

from countermand.evidence.case_record import CaseRecord
from countermand.evidence.paper_words import NO_ADVICE, amount_of, field, signed_foot
from countermand.evidence.responsibility import Control, Finding, Part, Party, ResponsibilityMap, Verdict
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, time_left, written_time
from countermand.vocabulary.documents import Cell, Document, Field, Prose, Section, Table, Tone, plain
from countermand.vocabulary.operation_words import titled

VERDICTS = {
    Verdict.PASSED: (Text(en="passed", zh="有效"), Tone.GOOD),
    Verdict.FAILED: (Text(en="failed", zh="失效"), Tone.BAD),
    Verdict.OPEN: (Text(en="not settled", zh="待定"), Tone.DOUBT),
    Verdict.NOT_ASKED: (Text(en="not called for", zh="未触发"), Tone.QUIET),
}
PART_WORDS = {
    Part.DECIDING: Text(en="Deciding on the operation", zh="操作裁决"),
    Part.PROVING: Text(en="Proving who asks", zh="身份验证与同意"),
    Part.WAITING: Text(en="Holding and second look", zh="暂缓与复核"),
    Part.TELLING: Text(en="Telling the holder", zh="通知本人"),
    Part.STOPPING: Text(en="Stopping after the report", zh="报案后止付"),
    Part.HANDLING: Text(en="Handling on time", zh="按时限处理"),
    Part.KEEPING: Text(en="Keeping the evidence", zh="证据固定"),
}
CONTROL_WORDS = {
    Control.SCREENING: Text(en="Policy", zh="风控策略"),
    Control.FACTORS: Text(en="Two factors", zh="双因素验证"),
    Control.CONSENT: Text(en="Consent", zh="明示同意"),
    Control.SECOND_PERSON: Text(en="Second person", zh="他人批准"),
    Control.HOLD: Text(en="Hold", zh="暂缓执行"),
    Control.NOTICE: Text(en="Notice", zh="操作通知"),
    Control.CONTAINMENT: Text(en="Stop within a minute", zh="一分钟内止付"),
    Control.ORDER_KEPT: Text(en="Order kept", zh="止付被遵守"),
    Control.CORE_FOLLOWS: Text(en="Core banking follows", zh="核心系统执行"),
    Control.CLOCK: Text(en="Deadline", zh="办理时限"),
    Control.EVIDENCE: Text(en="Evidence kept", zh="证据留存"),
    Control.LOG: Text(en="In the public log", zh="存证日志"),
}
PARTY_WORDS = {
    Party.INSTITUTION: Text(en="the institution", zh="本机构"),
    Party.PROVIDER: Text(en="the message provider", zh="消息服务商"),
    Party.CORE_BANKING: Text(en="core banking", zh="核心系统"),
    Party.STAFF: Text(en="staff", zh="工作人员"),
}
_CODES = {
    "asked_or_stopped": Text(en="it did not let it through unasked", zh="未直接放行"),
    "let_through_not_found_yet": Text(
        en="let through; whose operation it was is not found yet", zh="直接放行；是否本人操作尚未认定"
    ),
    "let_through_unwanted": Text(en="let through, and it was not the holder's", zh="直接放行，且非本人操作"),
    "let_through_wanted": Text(en="let through, and it was the holder's", zh="直接放行，系本人操作"),
    "no_challenge": Text(en="the policy asked for no proof", zh="策略未要求验证"),
    "two_factors": Text(en="two independent factors", zh="两种独立因素"),
    "one_factor": Text(en="one factor alone", zh="仅一种因素"),
    "not_proved": Text(en="asked, and never proved", zh="要求验证而未通过"),
    "not_proved_no_effect": Text(en="never proved, so it took no effect", zh="验证未通过，操作未生效"),
    "consented": Text(en="the exact words were agreed to", zh="已对具体内容明示同意"),
    "no_consent_no_effect": Text(en="no consent, so it took no effect", zh="无同意，操作未生效"),
    "no_consent_on_record": Text(en="it took effect without consent on record", zh="无同意记录而生效"),
    "nobody_said_yet": Text(en="nobody has said anything", zh="尚无人批准"),
    "approve": Text(en="approved", zh="已批准"),
    "refuse": Text(en="refused", zh="已拒绝"),
    "open": Text(en="still on hold", zh="仍在暂缓"),
    "released": Text(en="released when everything was met", zh="条件满足后放行"),
    "executed": Text(en="executed when everything was met", zh="条件满足后执行"),
    "failed": Text(en="it failed and took no effect", zh="未能执行，未生效"),
    "revoked": Text(en="taken back in time", zh="已及时撤回"),
    "lapsed": Text(en="lapsed, took no effect", zh="到期失效，未生效"),
    "no_notice": Text(en="no notice was planned for it", zh="未安排通知"),
    "in_product": Text(en="in the product's own feed", zh="产品内消息"),
    "reached": Text(en="it reached the holder's address", zh="已送达预留联系方式"),
    "nothing_moved": Text(en="nothing moved under the order", zh="止付期间无资金转出"),
    "moved_under_order": Text(en="money moved under a standing order", zh="止付期间仍有资金转出"),
    "kept": Text(en="operations and items are kept", zh="操作与材料已留存"),
    "words_only": Text(en="only words were heard so far", zh="目前仅有陈述"),
    "in_log": Text(en="every line is in the log", zh="全部记录已入存证日志"),
    "on_its_way": Text(en="some lines are on their way into the log", zh="部分记录正在写入存证日志"),
    "running": Text(en="running", zh="计时中"),
    "paused": Text(en="paused", zh="已暂停"),
    "met": Text(en="met", zh="按时完成"),
    "breached": Text(en="missed", zh="逾期"),
    "cancelled": Text(en="no longer needed", zh="已取消"),
    "waived": Text(en="waived by two people", zh="经双人豁免"),
}


def responsibility_map(
    found: ResponsibilityMap,
    record: CaseRecord,
    clock_names: Mapping[str, Text],
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """The paper; failed controls stand in the summary, each with who answers for it."""
    failed = [one for one in found.findings if one.verdict is Verdict.FAILED]
    counts = [
        Field(CONTROL_COUNT[verdict], plain(str(found.count(verdict)), VERDICTS[verdict][1]))
        for verdict in Verdict
    ]
    names = _Names(record, clock_names, timezone)
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Map of responsibilities", zh="责任与链路定位图"),
        lead=Text(
            en="Which control passed, failed or was never called for at each step, and whose control it is.",
            zh="逐环节列明每项控制措施是否有效、由谁负责。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=(field("Made at", "制作时间", written_time(record.made_at, timezone)), *counts),
        sections=(
            Section(
                Text(en="What failed, and who answers", zh="失效环节与责任方"), (_failed(failed, names),)
            ),
            *(Section(PART_WORDS[part], (_table(found.of(part), names),)) for part in Part if found.of(part)),
        ),
        foot=(
            _BY_RULE,
            signed_foot(stamped=stamped),
            NO_ADVICE,
        ),
        made_at=record.made_at,
    )


_BY_RULE = Text(
    en="Every verdict follows from the record by a fixed rule; the same record gives the same map. No "
    "finding is about the customer: these are the controls of the institution and its providers.",
    zh="各项结论均由留存记录按固定规则得出，相同记录得出相同结论。所列均为机构及其服务商的控制措施，"
    "不涉及对客户的评价。",
)
CONTROL_COUNT = {
    Verdict.PASSED: Text(en="Controls that passed", zh="有效"),
    Verdict.FAILED: Text(en="Controls that failed", zh="失效"),
    Verdict.OPEN: Text(en="Not settled", zh="待定"),
    Verdict.NOT_ASKED: Text(en="Not called for", zh="未触发"),
}


class _Names:
    """What findings are about, in words."""

    def __init__(self, record: CaseRecord, clock_names: Mapping[str, Text], timezone: str) -> None:
        self._operations = {
            one.operation.id: Text(
                en=f"No. {place}: {titled(one.operation.kind).en}, {amount_of(one.operation).en}",
                zh=f"第{place}笔：{titled(one.operation.kind).zh}，{amount_of(one.operation).zh}",
            )
            for place, one in enumerate(record.operations, 1)
        }
        self._clocks, self._timezone = clock_names, timezone

    def about(self, one: Finding) -> Text:
        """What it is about."""
        if one.about in self._operations:
            return self._operations[one.about]
        if one.control is Control.CLOCK:
            return self._clocks.get(one.about, Text(en=one.about, zh=one.about))
        if one.control in (Control.CONTAINMENT, Control.ORDER_KEPT):
            return Text(en="the report's stop", zh="本次止付")
        if one.control is Control.CORE_FOLLOWS:
            action = one.code.rpartition("_")[0]
            return Text(en=f"instruction: {action}", zh=f"指令：{action}")
        if one.control is Control.LOG:
            return Text(en=f"{one.about} lines", zh=f"{one.about} 条")
        return Text(en="this case", zh="本案")

    def why(self, one: Finding) -> Text:
        """Why it came to its verdict, and how long it took."""
        said = _CODES.get(one.code)
        if one.control is Control.CONTAINMENT:
            said = Text(en="stopped after the report", zh="自受理至止付")
        if one.control is Control.CORE_FOLLOWS:
            state = one.code.rpartition("_")[2]
            said = _EFFECTS[state]
        if said is None:
            said = Text(en=one.code, zh=one.code)
        if one.seconds is None:
            return said
        took, limit = _seconds(one.seconds), None if one.limit is None else _seconds(one.limit)
        if limit is None:
            return Text(en=f"{said.en}, {took.en}", zh=f"{said.zh}，{took.zh}")
        return Text(en=f"{said.en}, {took.en} of {limit.en}", zh=f"{said.zh}，用时{took.zh}（限{limit.zh}）")

    def at(self, one: Finding) -> str:
        """When."""
        return exact_time(one.at, self._timezone)[:19]


_EFFECTS = {
    "done": Text(en="acknowledged", zh="已确认执行"),
    "failed": Text(en="refused", zh="被拒绝"),
    "pending": Text(en="no answer yet", zh="尚未答复"),
}


def _seconds(count: int) -> Text:
    if count < 120:
        return Text(en=f"{count} s", zh=f"{count}秒")
    return time_left(count * 10**6)


def failed_controls(
    found: ResponsibilityMap, record: CaseRecord, clock_names: Mapping[str, Text], timezone: str
) -> Table | Prose:
    """What failed and who answers for it, for other papers too."""
    failed = [one for one in found.findings if one.verdict is Verdict.FAILED]
    return _failed(failed, _Names(record, clock_names, timezone))


def _failed(failed: list[Finding], names: _Names) -> Table | Prose:
    if not failed:
        return Prose((Text(en="No control failed on record.", zh="记录中没有失效的控制措施。"),))
    return Table(
        columns=(
            Text(en="Control", zh="控制措施"),
            Text(en="About", zh="对象"),
            Text(en="Why", zh="原因"),
            Text(en="Answers for it", zh="责任方"),
        ),
        widths=(4, 6, 7, 4),
        rows=tuple(
            (
                plain(CONTROL_WORDS[one.control], Tone.BAD),
                plain(names.about(one)),
                plain(names.why(one)),
                plain(_who(one)),
            )
            for one in failed
        ),
    )


def _table(found: tuple[Finding, ...], names: _Names) -> Table:
    return Table(
        columns=(
            Text(en="When", zh="时间"),
            Text(en="Control", zh="控制措施"),
            Text(en="About", zh="对象"),
            Text(en="Result", zh="结论"),
            Text(en="Why", zh="依据"),
            Text(en="By", zh="由谁"),
        ),
        widths=(7, 5, 8, 4, 8, 6),
        rows=tuple(_row(one, names) for one in found),
    )


def _row(one: Finding, names: _Names) -> tuple[Cell, ...]:
    words, tone = VERDICTS[one.verdict]
    return (
        plain(names.at(one), Tone.QUIET),
        plain(CONTROL_WORDS[one.control]),
        plain(names.about(one)),
        plain(words, tone),
        plain(names.why(one)),
        plain(_who(one)),
    )


def _who(one: Finding) -> Text:
    party = PARTY_WORDS[one.party]
    if one.by in ("orders", "hold", "evidence", "log", "core banking", "notices", "feed"):
        return party
    if one.by.startswith("policy "):
        return Text(en=f"{party.en}, {one.by}", zh=f"{party.zh}，策略 {one.by[7:]}")
    return Text(en=f"{party.en}: {one.by}", zh=f"{party.zh}：{one.by}")
