"""A letter as it is heard: from the bytes that came to what a person says in it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

from countermand.intake.mail.automatic import (
    Bounce,
    MailKind,
    answered_ids,
    bounce_of,
    speaker_of,
)
from countermand.intake.mail.claims import Claims, claims_of
from countermand.intake.mail.headers import Fields
from countermand.intake.mail.parts import MailFile, Parts, RefusedFile, head_of, parts_of
from countermand.intake.mail.quotes import written
from countermand.intake.mail.subjects import is_forward, is_reply, is_urgent

KEY_CHARACTERS_MAX = 200
# What a person writes; reading and masking more would keep others waiting. The bytes are kept whole.
WRITTEN_CHARACTERS_MAX = 50_000
# Three groups and no fourth one: a card's number is no case's.
_NUMBER = re.compile(r"(?<!\d)(?<!\d[ -])(\d{4})[ \u00a0-]?(\d{4})[ \u00a0-]?(\d{4})(?![ -]?\d)")
_KEY = re.compile(r"[\x21-\x7e]+")
_OFTEN_RETURNED = re.compile(rb"<(case\.\d{12}\.[0-9a-f]{16}\.[0-9a-f]{12}@[^<>\s]{1,200})>")


class MailTerms(NamedTuple):
    """What reading needs to know of the house: its addresses, its time zone (IANA)."""

    own: frozenset[str] = frozenset()
    timezone: str = "Asia/Shanghai"


class Letter(NamedTuple):
    """What was read in a mail. `text` is what the sender wrote now, under its subject; `key` names the mail.

    `sender` is nobody where the header names several. `numbers` may be numbers of cases, those of the subject
    first. `answers` are the message ids that it answers. `answerable`: a person wrote it and can be answered.
    `remarks` say what was wrong with its form.
    """

    key: str
    message_id: str | None
    sender: str | None
    subject: str
    said_at: int | None
    text: str
    urgent: bool
    kind: MailKind
    why: tuple[str, ...]
    numbers: tuple[str, ...]
    answers: tuple[str, ...]
    references: tuple[str, ...]
    claims: Claims
    files: tuple[MailFile, ...]
    refused: tuple[RefusedFile, ...]
    bounce: Bounce | None
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def answerable(self) -> bool:
        """Whether an answer goes back: never to a machine, to ourselves, or to nobody."""
        return self.kind is MailKind.WRITTEN and self.sender is not None


def read_letter(raw: bytes, arrived_at: int, terms: MailTerms) -> Letter:
    """Read a mail; instants are microseconds UTC. Never raises for what anybody can send."""
    fields = Fields(head_of(raw))
    parts = parts_of(raw)
    return _letter(raw, arrived_at, terms, fields, parts)


def unread_letter(raw: bytes) -> Letter:
    """A mail of which nothing can be read: only its bytes, for a person to look at."""
    return Letter(
        key=digest_key(raw),
        message_id=None,
        sender=None,
        subject="",
        said_at=None,
        text="",
        urgent=False,
        kind=MailKind.WRITTEN,
        why=(),
        numbers=(),
        answers=(),
        references=(),
        claims=Claims(),
        files=(),
        refused=(),
        bounce=None,
        left_out=(),
        remarks=("unreadable",),
    )


def digest_key(raw: bytes) -> str:
    """The name of a mail that has none of its own, or another one's."""
    return f"sha256:{sha256(raw).hexdigest()}"


def content_digest(raw: bytes) -> str:
    """The same for two copies of one mail that came on two ways: who, when, about what, and the body."""
    fields = Fields(head_of(raw))
    end = re.search(rb"\r?\n\r?\n", raw)
    body = raw[end.end() :] if end else b""
    said = [fields.first(name) for name in ("from", "date", "subject", "message-id", "content-type")]
    told = "\0".join(said).encode("utf-8", "surrogateescape")
    return sha256(sha256(told).digest() + sha256(body.replace(b"\r\n", b"\n").rstrip()).digest()).hexdigest()


def _letter(raw: bytes, arrived_at: int, terms: MailTerms, fields: Fields, parts: Parts) -> Letter:
    subject = fields.text("subject")
    kind, why = speaker_of(fields, parts.reports, terms.own)
    answers = answered_ids(fields, parts.reports)
    # Who answers nothing quotes nothing: a head of fields in a first mail is what they tell of.
    answering = (bool(answers) or is_reply(subject)) and not is_forward(subject)
    said = written(parts.text, answering=answering and kind is not MailKind.BOUNCE)
    senders = fields.addresses("from")
    sender = senders[0] if len(set(senders)) == 1 and len(fields.all("from")) == 1 else None
    ids = fields.ids("message-id")
    message_id = ids[0] if len(ids) == 1 and _KEY.fullmatch(ids[0]) else None
    said_at = fields.date()
    base = said_at if said_at is not None and said_at <= arrived_at else arrived_at
    text = said.text if not subject else f"{subject}\n\n{said.text}".strip()
    cut = ["text_cut"] if len(text) > WRITTEN_CHARACTERS_MAX else []
    text = text[:WRITTEN_CHARACTERS_MAX]
    returned = [found.decode("ascii", "replace") for found in _OFTEN_RETURNED.findall(raw[-200_000:])]
    remarks = [*parts.remarks, *cut, *([] if len(senders) <= 1 else ["several_senders"])]
    if kind is not MailKind.WRITTEN:
        answers = tuple(dict.fromkeys((*answers, *returned)))
    return Letter(
        key=message_id if message_id and len(message_id) <= KEY_CHARACTERS_MAX else digest_key(raw),
        message_id=message_id,
        sender=sender,
        subject=subject,
        said_at=said_at,
        text=text,
        urgent=is_urgent(subject),
        kind=kind,
        why=why,
        numbers=_numbers(subject, said.text, is_answer=bool(answers) or is_reply(subject)),
        answers=answers,
        references=fields.ids("references"),
        claims=claims_of(said.text or subject, base, terms.timezone),
        files=parts.files,
        refused=parts.refused,
        bounce=bounce_of(parts.reports, parts.text) if kind is MailKind.BOUNCE else None,
        left_out=said.left_out,
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _numbers(subject: str, text: str, *, is_answer: bool) -> tuple[str, ...]:
    """What may be the number of a case: in the subject, else in the first words of the text."""
    places = [subject] if is_answer else [subject, text[:2000]]
    found = ["".join(one.groups()) for place in places for one in _NUMBER.finditer(place)]
    return tuple(dict.fromkeys(found))[:5]
