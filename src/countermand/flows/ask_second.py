"""An act that one person may not do alone is kept until a second one has looked at it."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.cases.desk_ports import SecondLook
from countermand.cases.numbers import spoken
from countermand.flows.case_desk import CaseWork
from countermand.kernel.clock import MICROS_PER_DAY, rfc3339
from countermand.vocabulary.cases import EventKind
from countermand.vocabulary.staff import Verb

LOOK_MICROS = 3 * MICROS_PER_DAY


async def ask_second(work: CaseWork, verb: Verb, act: msgspec.Struct) -> dict[str, Any]:
    """Keep an act until a second person has looked at it."""
    name = work.new_id("look")
    look = SecondLook(
        id=name,
        case=work.case.id,
        verb=verb.value,
        asked=work.house.vault.seal(msgspec.json.encode(act), f"look {name}"),
        asked_by=work.by.name,
        asked_at=work.now,
        ends_at=work.now + LOOK_MICROS,
    )
    await work.unit.desk.put_look(look)
    work.happen(EventKind.SECOND_LOOK, look=name, verb=verb.value)
    await work.end()
    number = spoken(work.case.number)
    return {
        "case": number,
        "version": work.case.version,
        "waits": {"look": name, "verb": verb.value, "until": rfc3339(look.ends_at)},
    }
