"""What staff write down while somebody speaks, on the hotline or at a counter; who spoke gets a receipt."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import quote

from countermand.cases.ports import Promise
from countermand.flows.case_events import Happenings
from countermand.flows.person_handles import handle_of
from countermand.flows.phone_checks import caller_of, is_proof
from countermand.flows.receive_report import Received, receive_report
from countermand.flows.reception import Reception
from countermand.flows.show_case import PROMISE_WORDS
from countermand.intake.unsaid import without_secrets
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import MICROS_PER_DAY, micros_of, rfc3339
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.effects import Effect
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.reports import Channel, Report, Sender, Standing

PROMISE_MICROS_MAX = 90 * MICROS_PER_DAY
NOT_KEPT = Text(
    en="A password or one-time code was typed. It was not kept. Never ask for one; have it changed.",
    zh="录入内容含密码或验证码，系统未予保存。请勿索要密码或验证码，并提醒客户尽快更换。",
)
# The papers that a counter asks for or takes, in words.
DOCUMENT_WORDS = {
    "identity_document": Text(en="identity document", zh="身份证件"),
    "bank_card": Text(en="bank card or its number", zh="银行卡或卡号"),
    "statement": Text(en="written account of what happened", zh="情况说明"),
    "transaction_record": Text(en="record of the payments", zh="交易记录"),
    "police_receipt": Text(en="police report receipt", zh="报案回执"),
    "authorisation_letter": Text(en="letter of authorisation", zh="授权委托书"),
    "guardian_proof": Text(en="proof of guardianship", zh="监护关系证明"),
}
# What every counter asks for; the rest helps, and what is missing keeps nobody waiting.
DOCUMENTS_ASKED = ("identity_document", "statement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What the speaker was told would happen (a code of PROMISE_WORDS), and by when."""

    code: str
    due_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What both have: `id` names the call or visit, `staff` who took it down; instants in microseconds."""

    id: str
    staff: str
    text: str
    said_at: int | None = None
    language: str | None = None
    account: str | None = None
    document: str | None = None
    stop: Preset | None = None
    case: str | None = None
    promise: Promised | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Spoken):
    """A call: `caller` is the number shown, which can be forged; `proof` that of a check of digits."""

    caller: str | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Spoken):
    """A visit at a counter: papers shown (kind, original or copy), and who compared face and document."""

    branch: str
    documents: tuple[tuple[str, str], ...] = ()
    checked_by: str | None = None
    proofs: tuple[str, ...] = ()


async def log_call(house: Reception, call: Call, actor: str, trace: str | None) -> dict[str, Any]:
    """Keep a call, its promise, and tell the holder after it: time, agent, promise. Again: the same answer.

    A number shown is a weak sign, as are last digits: no call is ever more than likely. Raises BadRequest
    (`promise_refused`, `invalid_document`), Conflict (`key_reused`), Unavailable.
    """
    async with house.works.open() as unit:
        caller = await caller_of(house, unit, call.caller)
    account = call.account or (caller.accounts[0] if len(caller.accounts) == 1 else None)
    signs = ["caller_id"] if account is not None and account in caller.accounts else []
    if account is not None and is_proof(house, call.id, account, call.proof):
        signs.append("last_four")
    named = account is not None or call.document is not None
    standing = Standing.LIKELY if signs else Standing.CLAIMED if named else Standing.UNNAMED
    sender = Sender(address=caller.address, standing=standing, signs=tuple(signs))
    received, masked = await _receive(house, call, Channel.HOTLINE, account, sender, actor, trace)
    promised = await _promise(house, call, received, actor, trace, account=account, notice=True)
    return _answer(house, call, received, promised, masked=masked)


async def log_visit(house: Reception, visit: Visit, actor: str, trace: str | None) -> dict[str, Any]:
    """Keep a visit and print its receipt: `paper` is what stands on it, `qr` what its square says.

    Two proofs, one of them a document compared by somebody, make its visitor proven; one makes them likely.
    Raises as `log_call`, and BadRequest (`document_unknown`).
    """
    strange = sorted({kind for kind, _ in visit.documents} - DOCUMENT_WORDS.keys())
    if strange:
        raise BadRequest(
            "document_unknown",
            f"{strange[0][:40]!r} is no kind of document: {', '.join(DOCUMENT_WORDS)}.",
            f"未知的材料类型 {strange[0][:40]!r}：应为 {'、'.join(DOCUMENT_WORDS)} 之一。",
            field="documents",
        )
    shown = {kind for kind, form in visit.documents if form == "original"}
    compared = visit.checked_by is not None and "identity_document" in shown
    two = compared and len({"identity_document", *visit.proofs}) > 1
    named = visit.account is not None or visit.document is not None
    weaker = Standing.LIKELY if compared else Standing.CLAIMED
    standing = Standing.UNNAMED if not named else Standing.PROVEN if two else weaker
    signs = ("identity_document", *visit.proofs) if compared else ()
    sender = Sender(standing=standing, signs=tuple(dict.fromkeys(signs)))
    received, masked = await _receive(house, visit, Channel.BRANCH, visit.account, sender, actor, trace)
    promised = await _promise(house, visit, received, actor, trace, account=visit.account, notice=False)
    answer = _answer(house, visit, received, promised, masked=masked)
    missing = [kind for kind in DOCUMENTS_ASKED if kind not in {one for one, _ in visit.documents}]
    words = [DOCUMENT_WORDS[kind] for kind in missing]
    secret = received.answer.get("secret")
    number = received.answer["case"]
    code = "" if secret is None else f"&c={quote(str(secret))}"
    answer["missing"] = [
        {"kind": kind, "text": _text(text)} for kind, text in zip(missing, words, strict=True)
    ]
    answer["qr"] = f"countermand:case?n={number}{code}"
    answer["paper"] = _paper(house, visit, answer, words)
    return answer


async def _receive(
    house: Reception,
    spoken: Spoken,
    channel: Channel,
    account: str | None,
    sender: Sender,
    actor: str,
    trace: str | None,
) -> tuple[Received, bool]:
    text, masked = without_secrets(spoken.text)
    papers = spoken.documents if isinstance(spoken, Visit) else ()
    if papers:
        text += "\n[材料 documents] " + "; ".join(
            f"{DOCUMENT_WORDS[kind].zh} {DOCUMENT_WORDS[kind].en} ({form})" for kind, form in papers
        )
    _check_promise(spoken.promise, house.clock.now())
    # Its bytes are what staff sent, without what must not be kept.
    own = {one.name: getattr(spoken, one.name) for one in fields(spoken)}
    raw = canonical_bytes({**own, "text": text, "promise": _plain(spoken.promise)})
    report = Report(
        channel=channel,
        key=f"{actor} {spoken.id}",
        received_at=house.clock.now(),
        raw=raw,
        text=text,
        sender=sender,
        said_at=spoken.said_at,
        language=spoken.language,
        account=account,
        person=None if spoken.document is None else handle_of(house.vault, spoken.document),
        stop=spoken.stop,
        thread=spoken.case,
        told_by_channel=channel is Channel.HOTLINE,
    )
    return await receive_report(house, report, actor, trace, with_secret=True), masked


async def _promise(
    house: Reception,
    spoken: Spoken,
    received: Received,
    actor: str,
    trace: str | None,
    *,
    account: str | None,
    notice: bool,
) -> Text | None:
    """Write the promise once, and the notice of a call once; what was promised, in words."""
    now, given = house.clock.now(), spoken.promise
    words, name = None, f"{received.case}/{actor} {spoken.id}"
    by = rfc3339(now)
    if given is not None:
        said, time = PROMISE_WORDS[given.code], local_time(given.due_at, house.timezone)
        words = Text(en=f"{said.en} by {time.en}", zh=f"{time.zh}前{said.zh}")
        by = rfc3339(given.due_at)
    async with house.works.open() as unit:
        if given is not None:
            (case,) = await unit.cases.lock([received.case])
            if f"{name}/promise" not in {one.id for one in await unit.cases.promises(case.id)}:
                happenings = Happenings(case, now, trace)
                told = {"promise": f"{name}/promise", "code": given.code}
                happenings.happen(EventKind.PROMISED, told, spoken.staff)
                promise = Promise(
                    f"{name}/promise", case.id, given.code, given.due_at, now, f"{actor} {spoken.staff}"
                )
                await unit.cases.promise([promise])
                await happenings.write(unit, house)
        if notice and account is not None and "notices" in house.effect_ports:
            human = received.answer["human_by"]
            promised = words or _human(house, human)
            values = {
                "case": received.answer["number"],
                "agent": spoken.staff,
                "promise": _text(promised),
                "until": by if given is not None else human,
                "at": rfc3339(spoken.said_at or now),
            }
            effect = Effect(
                id=f"{name}/receipt",
                port="notices",
                action="call_receipt",
                lane=account,
                body={"account": account, "values": values, "urgency": "security"},
                placed_at=now,
                due_at=now,
                trace=trace,
            )
            await unit.effects.put([effect])
    return words


def _check_promise(given: Promised | None, now: int) -> None:
    if given is not None and not now < given.due_at <= now + PROMISE_MICROS_MAX:
        raise BadRequest(
            "promise_refused",
            "A promise is about a time to come, within 90 days.",
            "承诺时间须为将来的90天之内。",
            field="promise",
        )


def _answer(
    house: Reception, spoken: Spoken, received: Received, promised: Text | None, *, masked: bool
) -> dict[str, Any]:
    """The receipt, what was promised, and a warning to staff where they typed what nobody may ask for."""
    words = promised or _human(house, received.answer["human_by"])
    return {
        "receipt": received.answer,
        "staff": spoken.staff,
        "at": rfc3339(spoken.said_at or house.clock.now()),
        "promise": _text(words),
        "warning": _text(NOT_KEPT) if masked else None,
    }


def _human(house: Reception, human_by: str) -> Text:
    """What every report is promised."""
    said = PROMISE_WORDS["human_contact"]
    by = local_time(micros_of(datetime.fromisoformat(human_by)), house.timezone)
    return Text(en=f"{said.en} by {by.en}", zh=f"{by.zh}前{said.zh}")


def _paper(
    house: Reception, visit: Visit, answer: dict[str, Any], missing: list[Text]
) -> list[dict[str, str]]:
    """The lines of a printed receipt."""
    at = local_time(visit.said_at or house.clock.now(), house.timezone)
    receipt, promise = answer["receipt"], answer["promise"]
    lines = [
        Text(en=f"Receipt of {visit.branch}, {at.en}", zh=f"受理回执 {visit.branch} {at.zh}"),
        Text(en=f"Case number {receipt['number']}", zh=f"案件编号 {receipt['number']}"),
        Text(en=f"Taken down by {visit.staff}", zh=f"受理人员 {visit.staff}"),
        Text(**receipt["text"]),
        Text(en=f"Promised: {promise['en']}", zh=f"承诺：{promise['zh']}"),
    ]
    if missing:
        en, zh = ", ".join(one.en for one in missing), "、".join(one.zh for one in missing)
        lines.append(Text(en=f"Still helpful: {en}. Nothing waits for it.", zh=f"可补充：{zh}。不影响受理。"))
    return [_text(line) for line in lines]


def _plain(given: Promised | None) -> dict[str, Any] | None:
    return None if given is None else {"code": given.code, "due_at": given.due_at}


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
