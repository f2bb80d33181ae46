"""What the customer hears: approved phrases and own words, decisions told whole, promises made and kept."""

from __future__ import annotations

from typing import Any, NamedTuple

from countermand.cases.numbers import spoken
from countermand.cases.phrases import check_wording, say
from countermand.cases.ports import Promise as KeptPromise
from countermand.flows.case_desk import CaseWork
from countermand.flows.keep_reports import HUMAN_CONTACT
from countermand.flows.whole_case import parts_of, reached
from countermand.kernel.clock import micros_of, rfc3339
from countermand.kernel.errors import BadRequest, NotFound
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time
from countermand.vocabulary.acts import KeepPromise, Promise, Reply
from countermand.vocabulary.cases import Direction, EventKind, Stage
from countermand.vocabulary.triage import Category

DISPUTES = frozenset(Category) - {
    Category.PROGRESS_QUESTION, Category.HOW_TO_QUESTION, Category.OFFICIAL_CHECK,
    Category.MATERIALS_QUESTION,
    Category.FEE_QUESTION, Category.SUGGESTION, Category.ILLEGAL_PLATFORM_REPORT, Category.OTHER,
}  # fmt: skip
PLAIN_CHARACTERS_MIN = 10
_HANDLED = Text(en="Handled by: {handler}.", zh="承办人：{handler}。")
_WHY = Text(en="Why: {text}", zh="说明：{text}")
_NEXT = Text(en="What happens now: {text}", zh="处理方案：{text}")


async def reply(work: CaseWork, act: Reply) -> None:
    """Write to the customer; the first word of a person keeps the promise that one speaks to them.

    Said to a case that others became part of, it is told to their reporters as well, each once.

    Raises BadRequest `reply_empty`, `explanation_needed` (a disputed decision is told with explanation and
    plan, by a named handler), `wording_refused`, `phrase_lacks_value`; NotFound `unknown_phrase`.
    """
    decision = _tells_decision(work)
    if decision and not (_is_said(act.explanation) and _is_said(act.plan)):
        raise BadRequest(
            "explanation_needed",
            "The decision of a dispute is told with `explanation` and `plan`, each in a full sentence.",
            "争议处理结果须附说明（explanation）与方案（plan），且应完整成句。",
            field="explanation",
        )
    own = [one for one in (act.text, act.explanation, act.plan) if one is not None]
    if not own and not act.phrases:
        raise BadRequest(
            "reply_empty", "Say something: text or phrases.", "请填写内容或选择话术。", field="text"
        )
    check_wording(own)
    words = _words(work, act, decision=decision)
    channel = act.channel or work.case.channel
    code = "decision" if decision else None
    message = await work.write(Direction.OUT, words.text, channel, words.approved, code)
    if act.ball is not None and act.ball is not work.case.ball:
        work.happen(EventKind.BALL_PASSED, ball=act.ball.value)
    await _keep(work, HUMAN_CONTACT)
    await _send(work, message.id, channel)
    await _notify(work, message.id)
    if work.case.absorbed:
        work.shown["told_parts"] = await _tell_parts(work, act, message.id, channel, decision=decision)
    work.shown |= {"message": message.id, "phrases": words.labels, "phrases_sha256": words.sha256}


class _Words(NamedTuple):
    """What is said in one case: the text, and which approved phrases stand in it."""

    text: str
    labels: list[str]
    sha256: str

    @property
    def approved(self) -> str | None:
        return ",".join(self.labels) or None


def _words(work: CaseWork, act: Reply, *, decision: bool) -> _Words:
    """In the language of the case, with its own number. Raises as `reply`."""
    said = say(work.house.phrases, act.phrases, {**_known_values(work), **act.values})
    language = "zh" if work.case.language == "zh" else "en"
    parts = [getattr(said.text, language)] if act.phrases else []
    parts += [] if act.text is None else [act.text]
    for words, text in ((_WHY, act.explanation), (_NEXT, act.plan)):
        if text is not None:
            parts.append(getattr(words.filled({"text": text}), language))
    if decision:
        parts.append(getattr(_HANDLED.filled({"handler": _handler(work)}), language))
    return _Words("\n".join(parts), list(said.labels), said.sha256)


async def _tell_parts(work: CaseWork, act: Reply, whole: str, channel: str, *, decision: bool) -> int:
    """The same in every part, in its language, through its channel; how many. Nobody is told twice.

    It stands in each part, so that whoever has its receipt reads it; and is sent to whom it has not reached.
    """
    told, noticed = {await reached(work, channel)}, {work.case.account}
    parts = await parts_of(work)
    for part in parts:
        words, way = _words(part, act, decision=decision), part.case.channel
        code = "decision" if decision else None
        message = await part.write(Direction.OUT, words.text, way, words.approved, code, whole=whole)
        await _keep(part, HUMAN_CONTACT)
        who = await reached(part, way)
        if who not in told:
            told.add(who)
            await _send(part, message.id, way)
        if part.case.account not in noticed:
            noticed.add(part.case.account)
            await _notify(part, message.id)
        await part.end()
    return len(parts)


def _tells_decision(work: CaseWork) -> bool:
    decided = work.case.outcome is not None and work.case.stage in (Stage.DECIDE, Stage.REMEDY)
    return decided and work.case.category in DISPUTES


def _is_said(text: str | None) -> bool:
    return text is not None and len(text.strip()) >= PLAIN_CHARACTERS_MIN


def _handler(work: CaseWork) -> str:
    return work.case.owner or work.by.name


def _known_values(work: CaseWork) -> dict[str, str]:
    """What phrases may name without being told: the number, the handler."""
    return {"case": spoken(work.case.number), "handler": _handler(work)}


async def _send(work: CaseWork, message: str, channel: str) -> None:
    """Through the channel it came by."""
    await work.tell(f"replies.{channel}", "send", message, {"case": work.case.id, "message": message})


async def _notify(work: CaseWork, message: str) -> None:
    """A notice that there is an answer, to the account's holder."""
    if work.case.account is not None:
        about = {"account": work.case.account, "person": work.case.person, "urgency": "service"}
        body: dict[str, Any] = {**about, "values": {"case": spoken(work.case.number)}}
        known = {name: value for name, value in body.items() if value is not None}
        await work.tell("notices", "case_answered", message, known)


async def promise(work: CaseWork, act: Promise) -> None:
    """Say that something happens, and by when. Raises BadRequest `promise_refused`: it is past."""
    due_at = micros_of(act.due_at)
    if due_at <= work.now:
        raise BadRequest(
            "promise_refused", "A promise is about a time to come.", "承诺时间须为将来。", field="due_at"
        )
    kept = KeptPromise(
        id=work.new_id("prom"),
        case=work.case.id,
        code=act.what,
        due_at=due_at,
        made_at=work.now,
        made_by=work.by.name,
    )
    await work.unit.cases.promise([kept])
    work.happen(EventKind.PROMISED, promise=kept.id, code=kept.code)
    by = local_time(due_at, work.house.timezone)
    work.shown |= {"promise": kept.id, "due_at": rfc3339(due_at), "by": {"en": by.en, "zh": by.zh}}


async def keep_promise(work: CaseWork, act: KeepPromise) -> None:
    """It has happened; again: nothing. Raises NotFound `unknown_promise`."""
    found = {one.id: one for one in await work.unit.cases.promises(work.case.id)}
    if act.promise not in found:
        raise NotFound(
            "unknown_promise",
            f"This case has no promise {act.promise}.",
            f"该案件没有承诺 {act.promise}。",
            promise=act.promise,
        )
    await _write_kept(work, found[act.promise])


async def _keep(work: CaseWork, code: str) -> None:
    for one in await work.unit.cases.promises(work.case.id):
        if one.code == code:
            await _write_kept(work, one)


async def _write_kept(work: CaseWork, one: KeptPromise) -> None:
    if one.kept_at is None:
        await work.unit.cases.promise([one._replace(kept_at=work.now)])
        work.happen(EventKind.PROMISE_KEPT, promise=one.id, late=(work.now > one.due_at) or None)
