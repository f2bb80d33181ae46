"""A recorded decision in words: reasons with their values, all that was known, masked."""

from __future__ import annotations

from typing import Any

from countermand.intake.redaction import mask
from countermand.kernel.money import money_texts
from countermand.surfaces.http.ports import House
from countermand.surfaces.http.records import shown_operation
from countermand.surfaces.web.words import said
from countermand.work.record import StoredOperation


async def decision_values(house: House, stored: StoredOperation, language: str) -> dict[str, Any]:
    """`record`, `decision` and `facts` of the template, texts in this language."""
    shown = await shown_operation(house, stored)
    answer = shown.answer["decision"]
    reasons = [
        {
            **one,
            "text": {name: mask(text).text for name, text in one["text"].items()},
            "values": {key: told_value(value, language) for key, value in one["values"].items()},
        }
        for one in answer["reasons"]
    ]
    return {
        "record": shown,
        "decision": {**answer, "reasons": reasons},
        "facts": {key: told_value(value, language) for key, value in sorted(shown.facts.items())},
    }


def told_value(value: Any, language: str) -> str:
    """A recorded value as it may be shown: amounts as money, texts in this language, words masked."""
    if value is None:
        return said("review.unknown_value", language)
    if isinstance(value, bool):
        return said("review.value_yes", language) if value else said("review.value_no", language)
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return " · ".join(told_value(one, language) for one in value)
    if isinstance(value, dict) and value.keys() == {"minor", "currency"}:
        return money_texts(value["minor"], value["currency"])[language == "zh"]
    if isinstance(value, dict) and language in value:
        return told_value(value[language], language)
    return mask(str(value)).text
