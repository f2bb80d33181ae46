"""When a machine may answer alone, and what goes to a person instead: pure rules, the stricter wins.

A machine may inform; it never closes a claim of loss, and whoever asks for a person gets one in one step.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from countermand.vocabulary.answers import (
    InboundMessage,
    Reason,
    Verdict,
)
from countermand.vocabulary.knowledge import AnsweringTerms, Article
from countermand.vocabulary.triage import Flag, Risk

# Everything that triage may flag except `no_account`: a person without an account is answered like any other.
FLAG_REASONS = {
    Flag.HUMAN: Reason.ASKED_FOR_PERSON,
    Flag.UNAUTHORISED: Reason.UNAUTHORISED,
    Flag.LOSS: Reason.LOSS,
    Flag.DISTRESS: Reason.DISTRESS,
    Flag.MINOR: Reason.MINOR,
    Flag.LEGAL_THREAT: Reason.LEGAL_THREAT,
}
URGENT = frozenset({Risk.P0, Risk.P1})

_PERSON = re.compile(
    r"人工|真人|活人|人类客服|找.{0,2}人说|zhuan ?ren ?gong|\bhuman\b|\breal person\b|\brepresentative\b"
    r"|\b(?:live|an?|the|your|to) agent\b(?=[\s.!?]*$)|^\W*agent\b"
    r"|\b(?:speak|talk|chat) (?:to|with) (?:an?|some|the)?\s*(?:one|body|person|agent|advis[eo]r|manager)\b",
    re.IGNORECASE,
)
_YES = re.compile(r"^\W*(是的?|解决了|好了|可以了|yes|y|solved|it did|thanks,? yes)\W*$", re.IGNORECASE)
_NO = re.compile(r"^\W*(否|不是|没有?|没解决|不行|no|n|not really|it did not|didn't)\W*$", re.IGNORECASE)


def asks_for_person(text: str) -> bool:
    """Whether somebody asks for a person, said in whatever way; what triage finds counts besides.

    >>> asks_for_person("转人工"), asks_for_person("AGENT!"), asks_for_person("the agent gave me a number")
    (True, True, False)
    """
    return _PERSON.search(text) is not None


def verdict_in(text: str) -> Verdict | None:
    """What a message says to “did this settle it?”; None where it says something else.

    >>> verdict_in("是"), verdict_in("no."), verdict_in("how much is it?")
    (<Verdict.YES: 'yes'>, <Verdict.NO: 'no'>, None)
    """
    if asks_for_person(text):
        return Verdict.PERSON
    if _YES.match(text):
        return Verdict.YES
    return Verdict.NO if _NO.match(text) else None


def reasons_for_person(
    message: InboundMessage, article: Article | None, terms: AnsweringTerms
) -> tuple[Reason, ...]:
    """Every reason why a person answers this; empty: the article may be sent. Hold-outs come last.

    `article` is what was found to fit, None where nothing did.
    """
    found = {FLAG_REASONS[flag] for flag in message.reading.flags if flag in FLAG_REASONS}
    found |= {reason for reason, true in _plain_reasons(message, article, terms) if true}
    if not found and not message.reading.closable:
        found = {Reason.NOT_SIMPLE}
    if not found and in_share(message.case, "hold-out", terms.hold_out_percent):
        found = {Reason.HOLD_OUT}
    return tuple(reason for reason in Reason if reason in found)


def _plain_reasons(
    message: InboundMessage, article: Article | None, terms: AnsweringTerms
) -> Sequence[tuple[Reason, bool]]:
    reading = message.reading
    return (
        (Reason.ASKED_FOR_PERSON, asks_for_person(message.text)),
        (Reason.RISK, reading.risk in URGENT),
        (Reason.UNSURE, reading.abstained),
        (Reason.NOT_SIMPLE, reading.category not in terms.categories),
        (
            Reason.NOTHING_FITS,
            article is None or article.category not in terms.categories or article.audience != "everyone",
        ),
    )


def in_share(conversation: str, what: str, percent: int) -> bool:
    """Whether a conversation is among so many percent: always the same ones, others for another `what`."""
    drawn = int.from_bytes(hashlib.sha256(f"{what}:{conversation}".encode()).digest()[:8])
    return drawn * 100 < percent << 64
