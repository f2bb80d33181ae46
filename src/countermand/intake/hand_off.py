"""What a person gets who takes over from a machine, so that nothing is asked twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from countermand.kernel.text import Text
from countermand.vocabulary.answers import (
    Feeling,
    HandOff,
    HandOffPacket,
    InboundMessage,
    Reason,
    Tried,
)
from countermand.vocabulary.triage import Category, Reading

_ANGRY = re.compile(
    r"[!！]{2,}|[?？]{3,}|骗人|垃圾|什么玩意|荒唐|离谱|ridiculous|disgrace|useless|outrageous", re.IGNORECASE
)


def feeling_of(text: str, reading: Reading) -> Feeling:
    """How somebody seems to feel, so that whoever takes over begins in the right tone."""
    if "distress" in reading.flags:
        return "despairing"
    if "legal_threat" in reading.flags or _ANGRY.search(text):
        return "angry"
    return "worried" if {"unauthorised", "loss"} & reading.flags or reading.risk in ("P0", "P1") else "calm"


def hand_off(
    message: InboundMessage, reasons: tuple[Reason, ...], tried: Sequence[Tried], at: int
) -> HandOff:
    """What is kept of a message that goes to a person."""
    assert reasons, "nobody is handed over without a reason"
    reading = message.reading
    return HandOff(
        message=message.id,
        case=message.case,
        party=message.party,
        reasons=reasons,
        category=reading.category.value,
        risk=reading.risk.value,
        feeling=feeling_of(message.text, reading),
        tried=tuple(tried),
        at=at,
    )


def packet_of(kept: HandOff, known: Mapping[str, str], promised: tuple[str, ...]) -> HandOffPacket:
    """What the person sees: why, about what, in which mood, what is known, promised and tried."""
    category = CATEGORY_WORDS.get(kept.category, CATEGORY_WORDS[Category.OTHER])
    reasons = [REASON_WORDS[reason] for reason in kept.reasons]
    feeling = FEELING_WORDS[kept.feeling]
    why_en, why_zh = ", ".join(one.en for one in reasons), "、".join(one.zh for one in reasons)
    en = f"{category.en}, {kept.risk}; {feeling.en}. To a person because {why_en}."
    zh = f"{category.zh}，{kept.risk}，{feeling.zh}。转人工原因：{why_zh}。"
    if kept.tried:
        sent = ", ".join(f"{one.article} v{one.version}" for one in kept.tried)
        en, zh = f"{en} Sent before: {sent}.", f"{zh}已发过：{sent}。"
    return HandOffPacket(
        message=kept.message,
        case=kept.case,
        reasons=kept.reasons,
        category=kept.category,
        risk=kept.risk,
        feeling=kept.feeling,
        summary=Text(en=en, zh=zh),
        known=known,
        promised=promised,
        tried=kept.tried,
    )


REASON_WORDS = {
    Reason.ASKED_FOR_PERSON: Text(en="they asked for one", zh="客户要求人工"),
    Reason.UNAUTHORISED: Text(en="something was done in their name", zh="疑似非本人操作"),
    Reason.LOSS: Text(en="they claim a loss", zh="客户称有资金损失"),
    Reason.DISTRESS: Text(en="they are in distress", zh="客户情绪危急"),
    Reason.MINOR: Text(en="a minor is concerned", zh="涉及未成年人"),
    Reason.LEGAL_THREAT: Text(en="they speak of legal steps", zh="提到法律途径"),
    Reason.RISK: Text(en="the risk is too high for a machine", zh="风险等级高"),
    Reason.UNSURE: Text(en="triage is not sure", zh="自动分类把握不足"),
    Reason.NOT_SIMPLE: Text(en="this is nothing a machine answers alone", zh="此类问题须由人工答复"),
    Reason.NOTHING_FITS: Text(en="no approved answer fits", zh="没有合适的已审核答复"),
    Reason.HOLD_OUT: Text(en="they belong to those who reach a person first", zh="抽样直接转人工"),
    Reason.NOT_SETTLED: Text(en="the answer did not settle it", zh="答复未解决问题"),
}
FEELING_WORDS: dict[Feeling, Text] = {
    "calm": Text(en="calm", zh="情绪平稳"),
    "worried": Text(en="worried", zh="着急担心"),
    "angry": Text(en="angry", zh="情绪激动"),
    "despairing": Text(en="in despair: be gentle, stay with them", zh="情绪危急：语气温和，请勿中断联系"),
}
CATEGORY_WORDS: dict[str, Text] = {
    "unauthorised_payment": Text(en="A payment they did not make", zh="非本人支付"),
    "unauthorised_loan": Text(en="A loan they did not take", zh="非本人借款"),
    "account_takeover": Text(en="Account taken over", zh="账户被他人控制"),
    "deceived_payment": Text(en="Tricked into paying", zh="被骗付款"),
    "scam_attempt": Text(en="An attempted scam, no loss", zh="诈骗未遂"),
    "lost_card_or_device": Text(en="Lost card or device", zh="卡或设备丢失"),
    "collection_conduct": Text(en="How a debt is collected", zh="催收行为"),
    "rate_or_fee_dispute": Text(en="Dispute about rate or fee", zh="利率或费用争议"),
    "repayment_dispute": Text(en="Dispute about a repayment", zh="还款争议"),
    "credit_record": Text(en="Credit record", zh="征信记录"),
    "personal_information": Text(en="Personal information", zh="个人信息"),
    "merchant_dispute": Text(en="Dispute with a shop", zh="商户纠纷"),
    "service_complaint": Text(en="Complaint about service", zh="服务投诉"),
    "system_failure": Text(en="System failure", zh="系统故障"),
    "progress_question": Text(en="Question about progress", zh="询问进度"),
    "how_to_question": Text(en="How to do something", zh="操作咨询"),
    "official_check": Text(en="Whether something is really ours", zh="官方核验"),
    "materials_question": Text(en="Which papers are needed", zh="材料咨询"),
    "fee_question": Text(en="Question about fees", zh="收费咨询"),
    "illegal_platform_report": Text(en="Report of an illegal platform", zh="举报非法平台"),
    "suggestion": Text(en="Suggestion", zh="建议"),
    "other": Text(en="Something else", zh="其他"),
}
