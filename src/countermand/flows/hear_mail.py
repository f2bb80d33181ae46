"""Mail is heard: each one becomes a report, a note in the case it is about, or is known to be a machine's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import structlog

from countermand.cases.ports import Inbound
from countermand.flows.address_book import AddressBook, one_form
from countermand.flows.case_events import Happenings
from countermand.flows.committed import Label, commitments
from countermand.flows.keep_reports import MACHINE
from countermand.flows.kept_words import open_kept, seals_of
from countermand.flows.mail_threads import answered_case, thread_of
from countermand.flows.receive_report import Received, receive_report
from countermand.flows.reception import Reception
from countermand.intake.mail.automatic import MailKind
from countermand.intake.mail.letters import (
    Letter,
    MailTerms,
    content_digest,
    digest_key,
    read_letter,
    unread_letter,
)
from countermand.intake.mail.ports import Arrived, SenderProofs
from countermand.intake.redaction import Kind, find, mask
from countermand.kernel.canonical import digest
from countermand.kernel.clock import rfc3339
from countermand.kernel.errors import BadRequest, Conflict
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Case, Direction, EventKind, Message
from countermand.vocabulary.facts import REPORT_NOTED, Fact
from countermand.vocabulary.notices import NoticeChannel
from countermand.vocabulary.reports import Attached, Channel, Report, Sender, Standing
from countermand.vocabulary.triage import Answers, Flag, Risk
from countermand.work import Unit

log = structlog.get_logger(__name__)
ACTOR = "mailbox"
SIGNS_SECONDS_MAX = 8.0
# What makes an address more than a claim; each covers the address in the From field, or its domain.
STRONG = frozenset({"dkim", "relay_dkim", "relay_dmarc"})
_BOUNCED = Text(
    en="Our letter could not be delivered: {action}, {status}. Reach the customer another way.",
    zh="我方邮件未能送达：{action}，{status}。请通过其他方式联系客户。",
)
_ABSENT = Text(
    en="The customer's mailbox answered by itself (absence). Our letter has arrived there.",
    zh="客户邮箱自动回复（外出或休假）；我方邮件已送达。",
)
_MACHINE = Text(en="A machine answered our letter: {subject}", zh="我方邮件收到一封自动邮件：{subject}")
_BOUND = (Kind.PHONE, Kind.BANK_CARD, Kind.ID_NUMBER, Kind.EMAIL)


class Outcome(StrEnum):
    """What became of a mail. `kept_for_a_person`: nothing could be read in it, and a person looks at it."""

    REPORTED = "reported"
    NOTED = "noted"
    PASSED_OVER = "passed_over"
    KEPT_FOR_A_PERSON = "kept_for_a_person"


class Heard(NamedTuple):
    """What became of a mail, and the receipt where it became a report."""

    outcome: Outcome
    received: Received | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What hearing mail needs."""

    reception: Reception
    addresses: AddressBook
    proofs: SenderProofs
    terms: MailTerms


async def hear(house: Hearing, mail: Arrived) -> Heard:
    """Hear one mail; told again, the same mail changes nothing.

    Nothing that anybody can send raises here; Unavailable does: then nothing was kept, and it is heard later.
    """
    now = house.reception.clock.now()
    arrived_at = min(mail.arrived_at, now)
    try:
        letter = await asyncio.to_thread(read_letter, mail.raw, arrived_at, house.terms)
    except Exception:
        # Whatever it is made of, somebody meant something by it: a person gets to see it.
        log.exception("mail_unreadable")
        letter = unread_letter(mail.raw)
    if letter.kind is MailKind.LOOP:
        return _passed_over(letter)
    if letter.kind is not MailKind.WRITTEN:
        number = answered_case(house.reception.vault, letter.answers)
        if number is not None and await _note(house, letter, mail.raw, number, arrived_at):
            return Heard(Outcome.NOTED)
        if not _alarming(house, letter):
            return _passed_over(letter)
    report = await _report(house, letter, mail, arrived_at)
    received = await _received(house, report, mail.raw)
    unread = "unreadable" in letter.remarks
    return Heard(Outcome.KEPT_FOR_A_PERSON if unread else Outcome.REPORTED, received)


def _passed_over(letter: Letter) -> Heard:
    log.info("mail_passed_over", speaker=letter.kind.value, because=letter.why)
    return Heard(Outcome.PASSED_OVER)


def _alarming(house: Hearing, letter: Letter) -> bool:
    """Whether a machine's mail says that money is lost: forms and banks write by machine too."""
    if letter.kind is MailKind.BOUNCE and letter.bounce is not None and letter.answers:
        return False
    reading = house.reception.reader.read(letter.text)
    # Told by rules: the words of a loss must be there. A machine's mail that only might be one is none.
    return letter.urgent or Flag.LOSS in reading.flags or reading.risk is Risk.P0


async def _received(house: Hearing, report: Report, raw: bytes) -> Received:
    """Received under its Message-ID; another mail under the same one is named by the digest of its bytes."""
    try:
        return await receive_report(house.reception, report, ACTOR)
    except Conflict as conflict:
        if conflict.code != "key_reused":
            raise
    async with house.reception.works.open() as unit:
        known = await unit.cases.inbound(Channel.EMAIL.value, report.key)
        kept = b""
        if known is not None and known.sealed:
            kept = await open_kept(house.reception, unit, known.sealed, f"inbound {known.id}")
    if known is not None and content_digest(kept) == content_digest(raw):
        # The same mail on two ways: only what the servers on the way wrote into it differs.
        return Received(known.case, dict(known.answer), again=True)
    return await receive_report(house.reception, msgspec.structs.replace(report, key=digest_key(raw)), ACTOR)


async def _report(house: Hearing, letter: Letter, mail: Arrived, arrived_at: int) -> Report:
    account, theirs = await _account(house, letter)
    signs = await _signs(house, letter, mail.raw, theirs=theirs)
    if account is None:
        standing = Standing.UNNAMED
    else:
        standing = Standing.LIKELY if theirs and STRONG.intersection(signs) else Standing.CLAIMED
    return Report(
        channel=Channel.EMAIL,
        key=letter.key,
        received_at=arrived_at,
        raw=mail.raw,
        text=letter.text,
        # Servers may tell small letters from capitals; people do not, nor their programs.
        sender=Sender(address=letter.sender and letter.sender.lower(), standing=standing, signs=signs),
        said_at=letter.said_at,
        account=account,
        operations=letter.claims.operations if letter.urgent else (),
        answers=Answers(done_by_me=False) if letter.urgent else Answers(),
        attachments=tuple(
            Attached(name=one.name, media_type=one.media_type, content=one.content) for one in letter.files
        ),
        thread=thread_of(house.reception.vault, letter.answers, letter.numbers),
        found=found_of(letter, signs, whole=mail.whole),
        answer_later=letter.answerable,
    )


async def _signs(house: Hearing, letter: Letter, raw: bytes, *, theirs: bool) -> tuple[str, ...]:
    """Who vouches for the sender. The DNS is asked only where it makes a difference, and not for long.

    Whoever answers for a domain could else keep everybody's mail waiting.
    """
    if letter.sender is None:
        return ()
    asked = asyncio.to_thread(house.proofs.signs, raw, letter.sender, ask=theirs)
    try:
        return await asyncio.wait_for(asked, SIGNS_SECONDS_MAX)
    except TimeoutError:
        return ()


async def _account(house: Hearing, letter: Letter) -> tuple[str | None, bool]:
    """The account it is about, and whether the sender's address is the one known for it.

    An account that is known comes first. What is typed as one but is a phone number finds the account whose
    holder is told at it; no other personal number stands for an account.
    """
    own: list[str] = []
    async with house.reception.works.open() as unit:
        if letter.sender is not None:
            own = await _told_at(house, unit, NoticeChannel.EMAIL, letter.sender)
            own = own or await _told_at(house, unit, NoticeChannel.EMAIL, letter.sender.lower())
        known = await unit.handles(letter.claims.accounts)
        for claimed in letter.claims.accounts:
            if claimed in known:
                return claimed, claimed in own
        for claimed in letter.claims.accounts:
            kinds = {one.kind for one in find(f"账号 {claimed}") if one.kind in _BOUND}
            if Kind.PHONE in kinds:
                found = await _told_at(house, unit, NoticeChannel.SMS, claimed)
                if len(found) == 1:
                    return found[0], found[0] in own
            elif not kinds:
                return claimed, claimed in own
    return (own[0], True) if len(own) == 1 else (None, False)


async def _told_at(house: Hearing, unit: Any, channel: NoticeChannel, address: str) -> list[str]:
    try:
        key = house.addresses.key_of(channel, one_form(channel, address))
    except BadRequest:
        return []
    return list(await unit.contacts.accounts_at(channel, key))


def found_of(letter: Letter, signs: tuple[str, ...], *, whole: bool) -> dict[str, Any]:
    """What a machine read in a mail, without personal data; what is empty is left out.

    `locked` counts files from 1 in their order: those that wait for a password at the portal.
    """
    found: dict[str, Any] = {
        "urgent_subject": letter.urgent,
        "times": [{"at": rfc3339(one.at), "exact": one.exact} for one in letter.claims.times],
        "amounts": [{"minor": one.minor, "currency": one.currency} for one in letter.claims.amounts],
        "accounts": len(letter.claims.accounts),
        "operations": len(letter.claims.operations),
        "described": bool(letter.claims.description),
        "signs": list(signs),
        "speaker": "" if letter.kind is MailKind.WRITTEN else letter.kind.value,
        "left_out": list(letter.left_out),
        "locked": [place for place, one in enumerate(letter.files, 1) if one.locked],
        "refused": [{"bytes": one.size, "why": one.why} for one in letter.refused],
        "remarks": [*letter.remarks, *([] if whole else ["cut"])],
    }
    return {name: value for name, value in found.items() if value}


async def _note(house: Hearing, letter: Letter, raw: bytes, number: str, arrived_at: int) -> bool:
    """A note among staff in the case whose letter a machine answered; False where there is no such case."""
    reception, now = house.reception, house.reception.clock.now()
    text = _words_of(letter)
    async with reception.works.open() as unit:
        if await unit.cases.inbound(Channel.EMAIL.value, letter.key) is not None:
            return True
        named = await unit.cases.by_number(number)
        case = None if named is None else next(iter(await unit.cases.lock([named.id])), None)
        if case is None or case.merged_into is not None:
            return False
        inbound = reception.ids.new("in", now)
        message = f"{inbound}/message"
        seals = await seals_of(reception, unit, case)
        kept = Inbound(
            id=inbound,
            channel=Channel.EMAIL.value,
            key=letter.key,
            digest=digest(raw),
            sealed=seals.seal(raw, f"inbound {inbound}"),
            # No digest of a sender: a machine's address lets nobody go on with the case.
            sender=None,
            received_at=arrived_at,
            case=case.id,
            answer={"noted": letter.kind.value},
        )
        if not await unit.cases.receive(kept):
            return True
        await unit.note([await _noted(reception, unit, case, kept, raw)])
        masked = mask(text)
        note = Message(
            id=message,
            case=case.id,
            direction=Direction.NOTE,
            channel=Channel.EMAIL.value,
            author=MACHINE,
            at=arrived_at,
            language="zh",
            masked=masked.text,
            sealed=seals.seal(text.encode(), f"message {message}"),
            inbound=inbound,
        )
        await unit.cases.add_messages([note])
        happens = Happenings(case, now)
        body = {"message": message, "direction": "note", "channel": Channel.EMAIL.value}
        happens.happen(EventKind.MESSAGE_ADDED, body, MACHINE)
        await happens.write(unit, reception)
    return True


async def _noted(reception: Reception, unit: Unit, case: Case, kept: Inbound, raw: bytes) -> Fact:
    """That a machine wrote, with what it wrote bound."""
    key = await reception.salts.key(unit, case)
    bound = commitments(key, Label.report(kept.id), {"raw": raw, "answer": kept.answer})
    body = {"report": kept.id, "case": case.id, "channel": kept.channel, **bound}
    return Fact(reception.clock.now(), REPORT_NOTED, body)


def _words_of(letter: Letter) -> str:
    if letter.kind is MailKind.BOUNCE and letter.bounce is not None:
        status = letter.bounce.status or "-"
        said = _BOUNCED.filled({"action": letter.bounce.action, "status": status})
    elif letter.kind is MailKind.ABSENCE:
        said = _ABSENT
    else:
        said = _MACHINE.filled({"subject": letter.subject[:200]})
    return f"{said.zh}\n{said.en}"
