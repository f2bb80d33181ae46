"""What was answered to the report that opened a case, for the page on which its holder keeps it."""

from __future__ import annotations

from typing import Any

from countermand.flows.reception import Reception
from countermand.flows.report_words import with_words
from countermand.kernel.errors import NotFound
from countermand.vocabulary.cases import Case


async def opening_answer(house: Reception, case: Case, secret: str | None) -> dict[str, Any]:
    """The answer, with its words again, and with the secret where it may be shown.

    Raises NotFound (`no_receipt`: nobody was answered, the desk opened the case itself), Unavailable.
    """
    async with house.works.open() as unit:
        for message in await unit.cases.messages(case.id):
            inbound = None if message.inbound is None else await unit.cases.inbound_named(message.inbound)
            if inbound is not None and inbound.answer.get("opened"):
                given = {name: value for name, value in inbound.answer.items() if name != "opened"}
                plain = None if secret is None else secret.replace("-", "")
                return with_words(given, plain, house.timezone)
    raise NotFound(
        "no_receipt",
        "This case was opened at the desk; its page shows how it stands.",
        "该案件由客服登记，请在案件页查看进度。",
    )
