"""A receipt as its page shows it: what is stopped, what still works, the number, the code, and by when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import segno

from countermand.flows.reception import Reception
from countermand.kernel.text import Text
from countermand.surfaces.web.telling import instant_of, until


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What the template draws. `code` is the secret in its groups, only where it may be shown."""

    number: str
    code: str | None
    qr: str | None
    stops: tuple[Text, ...]
    waits: tuple[Text, ...]
    keeps: tuple[Text, ...]
    stopped: bool
    ends: Text | None
    for_a_day: bool
    human_by: Text
    warnings: tuple[Text, ...]
    secret_said: bool
    care: bool
    reply: str | None
    received_at: int


def receipt_view(house: Reception, answer: Mapping[str, Any]) -> ReceiptView:
    """The answer to a report, ready to be drawn."""
    now, scope = house.clock.now(), answer["scope"]
    code: str | None = answer.get("secret")
    return ReceiptView(
        number=answer["number"],
        code=code,
        qr=None if code is None else qr_of(f"{answer['number']}\n{code}"),
        stops=_kinds(scope, "stops"),
        waits=_kinds(scope, "waits"),
        keeps=_kinds(scope, "keeps"),
        stopped=scope is not None,
        ends=None if answer["until"] is None else until(instant_of(answer["until"]), now, house.timezone),
        for_a_day=answer["for_a_day"] and scope is not None,
        human_by=until(instant_of(answer["human_by"]), now, house.timezone),
        warnings=tuple(Text(**one["text"]) for one in answer["warnings"]),
        secret_said=answer["secret_said"],
        care=answer["care"],
        reply=None if answer["reply"] is None else answer["reply"]["text"],
        received_at=instant_of(answer["received_at"]),
    )


def qr_of(text: str) -> str:
    """A code as an SVG drawing: words, no link, so that nobody learns to open links for us."""
    return segno.make(text, error="m").svg_inline(border=3, svgclass="qr", lineclass="qr-line", omitsize=True)


def _kinds(scope: Mapping[str, Any] | None, name: str) -> tuple[Text, ...]:
    return () if scope is None else tuple(Text(**one["text"]) for one in scope[name])
