"""The report of losses after notice on paper: what we were told, what we did, what moved all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from countermand.evidence.after_notice import AfterLine, AfterNotice, Became, sums_of
from countermand.evidence.case_record import CaseRecord, Stop
from countermand.evidence.paper_words import (
    MASKED_FOOT,
    NO_ADVICE,
    channel_of,
    counted,
    field,
    money_said,
    signed_foot,
)
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.text import Text
from countermand.kernel.wall_times import exact_time, written_time
from countermand.vocabulary.banking import BANKING, BankAction
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
from countermand.vocabulary.effects import Effect, EffectState
from countermand.vocabulary.operation_words import titled
from countermand.vocabulary.orders import MEASURE_TEXTS, Measure

_BECAME = {
    Became.TOOK_EFFECT: (Text(en="took effect", zh="已生效"), Tone.BAD),
    Became.MAY_YET: (Text(en="still waits", zh="仍在等待"), Tone.DOUBT),
    Became.STOPPED: (Text(en="no effect", zh="未生效"), Tone.GOOD),
}
_IDENTITIES = {
    "proven": Text(en="proven", zh="已核实"),
    "likely": Text(en="likely, by one sign", zh="有一项佐证"),
    "claimed": Text(en="as they said", zh="自述"),
    "unnamed": Text(en="not named", zh="未具名"),
}
_WANTED = {
    True: Text(en="the customer's own", zh="本人操作"),
    False: Text(en="unwanted", zh="非本人意愿"),
    None: Text(en="nothing said", zh="未说明"),
}
# What core banking is asked for by which measure; the others are kept here, or told to other systems.
_INSTRUCTED = {
    Measure.FREEZE: BankAction.FREEZE,
    Measure.STOP_OUTGOING: BankAction.FREEZE,
    Measure.LOWER_LIMIT: BankAction.LOWER_LIMIT,
    Measure.STOP_MANDATES: BankAction.STOP_MANDATE,
}
_WITH_ABOVE = Text(en="by the same instruction", zh="同一指令，已计入上项")
_CANCELLED = Text(
    en="What was let go and not yet executed is to be cancelled.",
    zh="已放行但尚未执行的操作，要求核心系统撤销。",
)
_LAW = Text(
    en="Civil Code art. 1195: whoever provides a service on a network and is told, with first evidence and "
    "the teller's identity, passes it on and takes the measures needed; if not in time, they answer for the "
    "part of the loss that grew. It was written for content on platforms; whether it fits a payment is for "
    "a lawyer to say.",
    zh="《民法典》第一千一百九十五条：网络服务提供者接到附有初步证据和真实身份信息的通知后，应及时转送并采取必要措施；"
    "未及时采取的，对损害的扩大部分承担连带责任。该条主要针对平台内容，是否适用于支付争议，须由法务判断。",
)


def losses_after_notice(
    found: AfterNotice,
    record: CaseRecord,
    *,
    institution: Text,
    language: str,
    timezone: str,
    stamped: bool,
) -> Document:
    """The paper; the sum that grew stands first."""
    lost, stopped, waiting = found.lost, found.of(Became.STOPPED), found.of(Became.MAY_YET)
    return Document(
        language=language,
        institution=institution,
        title=Text(en="Losses after notice", zh="通知后损失报告"),
        lead=Text(
            en="What became of the customer's money from the moment somebody told us: each operation that "
            "came, or took effect, after it.",
            zh="自接到通知之时起客户资金的去向：逐笔列明此后提交或生效的操作。",
        ),
        number=field("Case number", "案件编号", record.number),
        summary=(
            field("Told at", "接到通知", written_time(found.told_at, timezone)),
            field("First measure", "首项措施", *_stopped(found)),
            field("Took effect after it", "此后生效", _sum(lost), Tone.BAD if lost else Tone.GOOD),
            field("Turned away after it", "此后未生效", _sum(stopped)),
            field("Still waits", "仍在等待", _sum(waiting), Tone.DOUBT if waiting else Tone.PLAIN),
            field("Made at", "制作时间", written_time(record.made_at, timezone)),
        ),
        sections=(
            Section(Text(en="The notice", zh="通知"), (_notice(found, timezone),)),
            Section(
                Text(en="What moved after it", zh="此后的资金操作"), (_lines(found, timezone), *_cut(found))
            ),
            Section(Text(en="Measures taken", zh="采取的措施"), (_measures(record, timezone),)),
            Section(Text(en="What the law asks", zh="法律依据"), (Prose((_LAW,)),)),
        ),
        foot=(
            Text(
                en="What was let go counts as having taken effect until core banking says that it failed. "
                "What the customer called their own is listed and not counted.",
                zh="已放行的操作，除核心系统反馈失败外，均计为已生效；客户确认为本人操作的，列出但不计入。",
            ),
            NO_ADVICE,
            MASKED_FOOT,
            signed_foot(stamped=stamped),
        ),
        made_at=record.made_at,
        signed_lines=(Text(en="Responsible", zh="负责人（签名）"),),
    )


def _stopped(found: AfterNotice) -> tuple[Text, Tone]:
    if found.stopped_at is None:
        return Text(en="none on record", zh="无记录"), Tone.BAD
    took = (found.stopped_at - found.told_at) // MICROS_PER_SECOND
    if took < 120:
        return Text(en=f"{took} s after it", zh=f"{took} 秒后"), Tone.GOOD
    minutes, hours = took // 60, took // 3600
    if minutes < 120:
        return Text(en=f"{minutes} min after it", zh=f"{minutes} 分钟后"), Tone.DOUBT
    return Text(en=f"{hours} h after it", zh=f"{hours} 小时后"), Tone.BAD


def _sum(lines: Collection[AfterLine]) -> Text:
    return counted(len(lines), sums_of(lines))


def _notice(found: AfterNotice, timezone: str) -> Fields:
    heard = found.notice
    kept = (
        exact(heard.digest.hex()) if heard is not None else plain(Text(en="not kept", zh="未留存"), Tone.BAD)
    )
    return Fields(
        (
            field("Heard at", "受理时间", exact_time(found.told_at, timezone)),
            field("By way of", "渠道", channel_of(None if heard is None else heard.channel)),
            field(
                "Who told us",
                "通知人身份",
                _IDENTITIES.get(found.identity, same(found.identity)),
            ),
            field("SHA-256 of what came in", "来件 SHA-256", kept),
        )
    )


def _lines(found: AfterNotice, timezone: str) -> Table | Prose:
    if not found.lines:
        return Prose((Text(en="No money moved, or was asked to, after it.", zh="此后没有资金操作。"),))
    return Table(
        columns=(
            Text(en="Asked for", zh="提交时间"),
            Text(en="What", zh="操作与金额"),
            Text(en="What came of it", zh="结果"),
            Text(en="Said to be", zh="说明"),
        ),
        widths=(6, 8, 7, 5),
        rows=tuple(_row(one, timezone) for one in found.lines),
    )


def _row(one: AfterLine, timezone: str) -> tuple[Cell, ...]:
    name, (came, tone) = titled(one.kind), _BECAME[one.became]
    amount = money_said(one.amount)
    at = "" if one.ended_at is None else exact_time(one.ended_at, timezone)[:19]
    return (
        plain(exact_time(one.asked_at, timezone)[:19], Tone.QUIET),
        plain(Text(en=f"{name.en}, {amount.en}", zh=f"{name.zh}，{amount.zh}")),
        plain(Text(en=f"{came.en} {at}".strip(), zh=f"{came.zh} {at}".strip()), tone),
        plain(_WANTED[one.wanted]),
    )


def _cut(found: AfterNotice) -> tuple[Prose, ...]:
    if not found.cut:
        return ()
    count = len(found.lines)
    return (
        Prose(
            (
                Text(
                    en=f"There were more: these are the first {count}, and the sums above are of these.",
                    zh=f"操作较多，此处仅列前 {count} 笔，上述合计亦仅含所列各笔。",
                ),
            )
        ),
    )


def _measures(record: CaseRecord, timezone: str) -> Table | Prose:
    """What was ordered, when, and how many instructions core banking was sent for it and answered."""
    rows = [row for stop in record.stops for row in _measures_of(stop, timezone)]
    if not rows:
        return Prose((Text(en="None on record.", zh="记录中未见措施。"),))
    return Table(
        columns=(
            Text(en="Placed", zh="下达时间"),
            Text(en="Measure", zh="措施"),
            Text(en="Core banking", zh="核心系统"),
        ),
        widths=(6, 13, 6),
        rows=tuple(rows),
    )


def _measures_of(stop: Stop, timezone: str) -> Iterator[tuple[Cell, ...]]:
    """Each order with what it alone sent; one instruction that follows from two is counted at the first.

    An incident is about one account, so its instructions belong to its orders by what they ask for.
    """
    left: dict[str, list[Effect]] = {}
    for effect in stop.effects:
        if effect.port == BANKING:
            left.setdefault(effect.action, []).append(effect)
    sent, at = set(left), plain(exact_time(stop.incident.placed_at, timezone)[:19], Tone.QUIET)
    for order in stop.orders:
        measure = Measure(order.measure)
        action = _INSTRUCTED.get(measure)
        if action in sent and action not in left:
            told = _WITH_ABOVE
        else:
            told = _answered([] if action is None else left.pop(action, []))
        yield at, plain(MEASURE_TEXTS[measure]), plain(told)
    if cancelled := left.pop(BankAction.CANCEL, []):
        yield at, plain(_CANCELLED), plain(_answered(cancelled))


def _answered(effects: Collection[Effect]) -> Text:
    if not effects:
        return Text(en="no instruction", zh="无指令")
    done = sum(one.state is EffectState.DONE for one in effects)
    return Text(en=f"{len(effects)} told, {done} answered", zh=f"下发 {len(effects)} 项，已确认 {done} 项")
