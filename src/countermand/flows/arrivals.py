"""A report with all that was understood of it, before anything is written or stopped."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import msgspec

from countermand.cases.matching import OPEN_MICROS, Match, match
from countermand.cases.numbers import read_number
from countermand.flows.reception import SENDER_KEY, Reception
from countermand.intake.containing import preset_for
from countermand.intake.redaction import Masked, mask
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR
from countermand.vocabulary.cases import Case, Contained
from countermand.vocabulary.incidents import Preset
from countermand.vocabulary.knowledge import language_of
from countermand.vocabulary.reports import RECEIPT, Channel, Report, Standing
from countermand.vocabulary.triage import Category, Flag, Reading, Risk, Signals
from countermand.work import Unit

# How soon a person speaks to whoever reported, by risk.
HUMAN_MICROS = {
    Risk.P0: MICROS_PER_HOUR // 2,
    Risk.P1: 4 * MICROS_PER_HOUR,
    Risk.P2: MICROS_PER_DAY,
    Risk.P3: MICROS_PER_DAY,
}


class Heard(NamedTuple):
    """A report, who brought it, the trace of the request, and whether its receipt carries the secret."""

    report: Report
    actor: str
    trace: str | None
    with_secret: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report with what was understood of it, before anything is written."""

    report: Report
    inbound: str
    sender: bytes | None
    language: str
    reading: Reading
    shown: Masked
    match: Match
    preset: Preset | None
    actor: str
    trace: str | None
    now: int

    @property
    def promises(self) -> bool:
        """Whether anybody is told anything: what another desk has heard before was answered there."""
        return self.report.channel is not Channel.IMPORT

    @property
    def human_by(self) -> int:
        """By when a person speaks to the sender."""
        return self.report.received_at + HUMAN_MICROS[self.reading.risk]


async def understood(house: Reception, unit: Unit, heard: Sequence[Heard]) -> list[Arrival]:
    """Read the texts, find the cases they may belong to, and choose what to stop; writes nothing."""
    now = house.clock.now()
    named = {
        one.report.account
        for one in heard
        if one.report.account is not None and one.report.sender.standing is not Standing.UNNAMED
    }
    signals = await unit.cases.signals(named, now - MICROS_PER_DAY)
    about = [(one.report.account, one.report.person) for one in heard]
    others = await unit.cases.open_of(about, now - OPEN_MICROS)
    return [
        _told_before(house, one, now)
        if one.report.channel is Channel.IMPORT
        else await _understood(house, unit, one, signals, cases, now)
        for one, cases in zip(heard, others, strict=True)
    ]


async def _understood(
    house: Reception,
    unit: Unit,
    heard: Heard,
    signals: Mapping[str, Signals],
    others: Sequence[Case],
    now: int,
) -> Arrival:
    report = heard.report
    said = Signals()
    if report.account is not None and report.sender.standing is not Standing.UNNAMED:
        said = signals[report.account]
    reading = house.reader.read(report.text, answers=report.answers, signals=said)
    if report.stop is not None or report.operations:
        # Whoever presses the button has said it, in whatever words.
        reading = _pressed(reading)
    number = None if report.thread is None else read_number(report.thread)
    named = None if number is None else await unit.cases.by_number(number)
    sender = sender_digest(house, report)
    same = RECEIPT in report.sender.signs
    if named is not None and sender is not None:
        same = same or await unit.cases.wrote_before(named.id, sender)
    if named is not None and named.merged_into is not None:
        # Whoever writes under an old number is heard in the case that is worked on.
        numbers = await unit.desk.numbers_of([named.merged_into])
        named = await unit.cases.by_number(numbers[named.merged_into])
    standing = report.sender.standing
    preset = preset_for(
        standing,
        reading,
        asked=report.stop,
        account=report.account is not None,
        person=report.person is not None,
        proven_otherwise=any(case.contained is Contained.LIFTED for case in others),
    )
    return Arrival(
        report=report,
        inbound=house.ids.new("in", now),
        sender=sender,
        language=report.language or language_of(report.text),
        reading=reading,
        shown=mask(report.text),
        match=match(standing, reading.category, others, named, from_same_sender=same),
        preset=preset,
        actor=heard.actor,
        trace=heard.trace,
        now=now,
    )


def _told_before(house: Reception, heard: Heard, now: int) -> Arrival:
    """What another desk has heard is read like anything else, but stops nothing and joins nothing."""
    report = heard.report
    return Arrival(
        report=report,
        inbound=house.ids.new("in", now),
        sender=sender_digest(house, report),
        language=report.language or language_of(report.text),
        reading=house.reader.read(report.text, answers=report.answers, signals=Signals()),
        shown=mask(report.text),
        match=Match(None, ()),
        preset=None,
        actor=heard.actor,
        trace=heard.trace,
        now=now,
    )


def _pressed(reading: Reading) -> Reading:
    """Whoever presses “not me”, or names an operation, has said it: whatever the words, it is now."""
    unsure = reading.abstained or reading.category is Category.OTHER or reading.risk > Risk.P1
    category = Category.UNAUTHORISED_PAYMENT if unsure else reading.category
    flags = reading.flags | {Flag.UNAUTHORISED}
    return msgspec.structs.replace(reading, risk=Risk.P0, category=category, flags=flags)


def message_id(arrival: Arrival) -> str:
    """The message that a report becomes."""
    return f"{arrival.inbound}/message"


def promise_id(arrival: Arrival) -> str:
    """The promise that a person speaks to its sender."""
    return f"{arrival.inbound}/contact"


def sender_digest(house: Reception, report: Report) -> bytes | None:
    """What more from the same sender is recognised by, without telling who it is."""
    address = report.sender.address
    if address is None:
        return None
    message = f"{report.channel.value}\0{address}".encode()
    return hmac.digest(house.vault.mac_key(SENDER_KEY), message, sha256)[:16]
