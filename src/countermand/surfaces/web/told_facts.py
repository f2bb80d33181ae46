"""The facts of an incident as pages show them: each question with its answer, numbers covered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from countermand.evidence.allegation import QUESTIONS
from countermand.evidence.incident_facts import FACT_WORDS, IncidentFacts, told_in
from countermand.intake.redaction import mask
from countermand.kernel.clock import micros_of
from countermand.kernel.money import money_texts
from countermand.kernel.text import Text
from countermand.kernel.wall_times import local_time

_ASKED = {one.fact: one for one in QUESTIONS}


class ToldFact(NamedTuple):
    """What was asked, in short and as it was asked, and what was answered."""

    name: Text
    answers: tuple[Text, ...]


def facts_shown(facts: IncidentFacts, timezone: str) -> tuple[ToldFact, ...]:
    """Whatever was told, in the order of the facts."""
    found = []
    for fact in told_in(facts):
        value = getattr(facts, fact.value)
        choices = _ASKED[fact].choices if fact in _ASKED else {}
        many = value if isinstance(value, tuple) else (value,)
        name = _ASKED[fact].text if fact in _ASKED else FACT_WORDS[fact]
        found.append(ToldFact(name, tuple(_said(one, choices, timezone) for one in many)))
    return tuple(found)


def _said(value: Any, choices: Mapping[str, Text], timezone: str) -> Text:
    if hasattr(value, "minor"):
        en, zh = money_texts(value.minor, value.currency)
        return Text(en=en, zh=zh)
    if hasattr(value, "tzinfo"):
        return local_time(micros_of(value), timezone)
    if value in choices:
        return choices[value]
    covered = mask(str(value)).text
    return Text(en=covered, zh=covered)
