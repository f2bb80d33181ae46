"""Hearing mail, put together from the settings: the mailbox, the proofs of senders, and who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from countermand.adapters.channels.couriers import RelayCourier
from countermand.adapters.channels.imap import ImapAddress, ImapMailbox, imap_address
from countermand.adapters.channels.signatures import MailSignatures
from countermand.adapters.senders.relay import SmtpRelay
from countermand.app.desk import open_knowledge, reception_of
from countermand.app.triage import open_triage
from countermand.flows.address_book import AddressBook, Sealer
from countermand.flows.answer_mail import MailAnswers
from countermand.flows.data_keys import DataKeys
from countermand.flows.deliver_effects import Port
from countermand.flows.hear_mail import Hearing
from countermand.flows.mail_ear import MailEar
from countermand.intake.mail.letters import MailTerms
from countermand.kernel.clock import Clock, SystemClock
from countermand.kernel.errors import SetupError
from countermand.kernel.ids import Ids
from countermand.settings import Settings
from countermand.vocabulary.reports import Channel, answers_port
from countermand.work import Works


@dataclass(frozen=True, slots=True)
class MailParts:
    """Who listens, and who answers; neither where no mailbox is set."""

    ear: MailEar | None
    ports: Mapping[str, Port]


def mail_terms(settings: Settings) -> MailTerms:
    """What reading mail needs to know of this installation: its own addresses come back only in loops."""
    own = parseaddr(settings.smtp_sender or "")[1]
    name, _, domain = own.rpartition("@")
    return MailTerms(frozenset({f"{name}@{domain.lower()}"} if name else ()), settings.timezone)


def open_mail(
    settings: Settings, works: Works, clock: Clock, ids: Ids, vault: Sealer, keys: DataKeys
) -> MailParts:
    """The parts of the settings. Raises SetupError (`bad_setting`, `triage_model_unfit`)."""
    if settings.imap_url is None:
        return MailParts(None, {})
    terms = mail_terms(settings)
    reception = reception_of(
        settings, works, clock, ids, vault, keys, open_triage(settings), open_knowledge(settings)
    )
    proofs = MailSignatures(relay=settings.mail_relay_name)
    hearing = Hearing(reception=reception, addresses=AddressBook(vault), proofs=proofs, terms=terms)
    ear = MailEar(hearing, ImapMailbox(_address(settings), clock))
    ports: dict[str, Port] = {}
    if settings.smtp_url is not None:
        courier = RelayCourier(SmtpRelay(settings.smtp_url, settings.smtp_sender or ""))
        ports[answers_port(Channel.EMAIL)] = MailAnswers(reception=reception, courier=courier, terms=terms)
    return MailParts(ear, ports)


def open_mailbox(settings: Settings, clock: Clock | None = None) -> ImapMailbox:
    """The mailbox of the settings, to be tried. Raises SetupError (`no_mailbox`, `bad_setting`)."""
    if settings.imap_url is None:
        raise SetupError(
            "no_mailbox",
            "No mailbox is set: give its address in COUNTERMAND_IMAP_URL.",
            "尚未设置邮箱：请在 COUNTERMAND_IMAP_URL 中填写其地址。",
        )
    return ImapMailbox(_address(settings), SystemClock() if clock is None else clock)


def _address(settings: Settings) -> ImapAddress:
    password = None
    if settings.imap_secret_file is not None:
        try:
            password = settings.imap_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SetupError(
                "bad_setting",
                "COUNTERMAND_IMAP_SECRET_FILE must name a readable text file with the mailbox's password.",
                "COUNTERMAND_IMAP_SECRET_FILE 应为可读的文本文件，内含邮箱密码。",
                variable="COUNTERMAND_IMAP_SECRET_FILE",
            ) from None
    return imap_address(settings.imap_url or "", password)
