"""The answer to a mail: number, what was stopped, and what could not be taken; in both languages, no link."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from limits import RateLimitItemPerDay, RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from countermand.cases.numbers import secret_of, spoken
from countermand.cases.ports import Inbound
from countermand.flows.kept_words import open_kept
from countermand.flows.mail_threads import letter_name
from countermand.flows.reception import RECEIPT_KEY, Reception
from countermand.flows.report_words import with_words
from countermand.intake.mail.letters import Letter, MailTerms, read_letter
from countermand.intake.mail.ports import Courier
from countermand.kernel.clock import moment_of
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Case
from countermand.vocabulary.effects import Delivery, Effect, EffectState

ANSWERS_AN_HOUR = 10
REFERENCES_MAX = 20
SUBJECT = Text(en="Case {number}: we have your message", zh="[案件 {number}] 您的来信已收到")
_LOCKED = Text(
    en="{count} of your files need a password. We keep them as they are. Never send a password by mail: "
    "give it in the official app or portal, with your case number and code.",
    zh="有{count}个附件需要密码才能打开，已原样保存。请勿通过邮件发送密码；请在官方App或网页凭编号和查询码提供。",
)
_REFUSED = Text(
    en="{count} of your files were too large or too many and were not taken (25 MiB in all). "
    "The rest is kept. Please hand them in through the official app or portal.",
    zh="有{count}个附件过大或过多，未能收取（合计上限25 MiB），其余已保存。请通过官方App或网页提交。",
)
_REPLY = Text(
    en="To add something, answer this mail and leave the subject as it is.",
    zh="如需补充，请直接回复本邮件，勿改动主题。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAnswers:
    """A port of the outbox (`answers.email`). Its limit for one sender holds for one process."""

    reception: Reception
    courier: Courier
    terms: MailTerms
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    async def deliver(self, effect: Effect) -> Delivery:
        """Send the answer to what came in. Raises Unavailable; the letter is the same at every attempt."""
        reception = self.reception
        async with reception.works.open() as unit:
            inbound = await unit.cases.inbound_named(effect.body["inbound"])
            case = None if inbound is None else await unit.cases.by_number(inbound.answer["case"])
            if inbound is None or case is None:
                return _refused("unknown")
            raw = await open_kept(reception, unit, inbound.sealed, f"inbound {inbound.id}")
        letter = await asyncio.to_thread(read_letter, raw, inbound.received_at, self.terms)
        if letter.sender is None or not letter.answerable or not _is_address(letter.sender):
            return _refused("not_answerable")
        # A letter that is tried again has its place already.
        first_try = self.limiter.hit(RateLimitItemPerDay(1), "letter", inbound.id)
        if first_try and not self.limiter.hit(RateLimitItemPerHour(ANSWERS_AN_HOUR), "sender", letter.sender):
            return _refused("too_often")
        mail = self._letter_back(inbound, case, letter, effect.placed_at)
        if not await self.courier.carry(mail):
            return _refused("address")
        return Delivery(state=EffectState.DONE, answer={"sent": True})

    def _letter_back(self, inbound: Inbound, case: Case, letter: Letter, at: int) -> EmailMessage:
        """Nothing of what was written comes back: a forged sender must not make us carry their words."""
        answer = {name: value for name, value in inbound.answer.items() if name != "opened"}
        secret = None
        if inbound.answer["opened"] and case.receipt == 1:
            secret = secret_of(self.reception.vault.mac_key(RECEIPT_KEY), case.id, 1)
        said = with_words(answer, secret, self.reception.timezone)["text"]
        parts = [Text(en=said["en"], zh=said["zh"]), *_about_files(letter), _REPLY]
        languages = ("zh", "en") if case.language == "zh" else ("en", "zh")
        number = answer["case"]
        subject = SUBJECT.filled({"number": spoken(number)})
        mail = EmailMessage()
        mail["From"], mail["To"] = self.courier.sender, letter.sender
        mail["Subject"] = " / ".join(getattr(subject, one) for one in languages)
        mail["Date"] = format_datetime(moment_of(at))
        name = letter_name(self.reception.vault, number, inbound.id, self.courier.domain)
        mail["Message-ID"] = f"<{name}>"
        if letter.message_id is not None:
            mail["In-Reply-To"] = f"<{letter.message_id}>"
            named = dict.fromkeys((*letter.references[-REFERENCES_MAX:], letter.message_id))
            mail["References"] = " ".join(f"<{one}>" for one in named if one.isascii() and one.isprintable())
        mail["Auto-Submitted"] = "auto-replied"  # RFC 3834: no machine answers this
        mail["X-Loop"] = f"countermand@{self.courier.domain}"
        mail["Content-Language"] = ", ".join(languages)
        mail.set_content(
            "\n\n".join("\n".join(getattr(one, code) for one in parts) for code in languages) + "\n"
        )
        return mail


def _is_address(sender: str) -> bool:
    """Whether a letter can be addressed to it: what came in a From field may be anything."""
    try:
        return sender.isascii() and bool(Address(addr_spec=sender).domain)
    except (ValueError, IndexError, MessageError):
        return False


def _about_files(letter: Letter) -> list[Text]:
    locked = sum(one.locked for one in letter.files)
    parts = [_LOCKED.filled({"count": str(locked)})] if locked else []
    if letter.refused:
        parts.append(_REFUSED.filled({"count": str(len(letter.refused))}))
    return parts


def _refused(why: str) -> Delivery:
    return Delivery(state=EffectState.FAILED, answer={"refused": why})
