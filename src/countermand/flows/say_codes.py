"""Anything said in one channel can be confirmed in another: the code of a case, shown, said and checked."""

from __future__ import annotations

from typing import Any

from countermand.cases.numbers import read_number, spoken
from countermand.cases.spoken_codes import Speaker, code_fits, spoken_code
from countermand.flows.reception import Reception
from countermand.flows.show_case import unknown_case
from countermand.kernel.clock import rfc3339
from countermand.kernel.text import Text
from countermand.vocabulary.cases import Case

SPOKEN_KEY = "spoken-code"
_FITS = {
    Speaker.AGENT: Text(
        en="This code is ours: whoever says it works on your case.",
        zh="号码一致：对方是正在处理您案件的工作人员。",
    ),
    Speaker.CUSTOMER: Text(
        en="The code fits: whoever says it sees this case in the app.",
        zh="号码一致：对方能在App中看到该案件。",
    ),
}
_STRANGE = {
    Speaker.AGENT: Text(
        en="This code is not ours. Hang up and open the official app yourself, or call 96110.",
        zh="号码不符：对方不是我们的工作人员。请挂断，自行打开官方App核实，或拨打96110。",
    ),
    Speaker.CUSTOMER: Text(
        en="The code does not fit. Do not go on by this; ask for the code of now.",
        zh="号码不符：请勿据此继续，可请对方重新报码。",
    ),
}


async def case_named(house: Reception, number: str) -> Case:
    """A case by its number. Raises NotFound (`unknown_case`), Unavailable."""
    plain = read_number(number)
    async with house.works.open() as unit:
        case = None if plain is None else await unit.cases.by_number(plain)
    if case is None:
        raise unknown_case(number)
    return case


def codes_of(house: Reception, case: Case, *, for_holder: bool) -> dict[str, Any]:
    """The code an agent says; its holder also sees the one they say themselves, which staff never do."""
    key, now = house.vault.mac_key(SPOKEN_KEY), house.clock.now()
    agent = spoken_code(key, case.id, Speaker.AGENT, now)
    mine = spoken_code(key, case.id, Speaker.CUSTOMER, now) if for_holder else None
    return {
        "case": spoken(case.number),
        "agent_says": agent.code,
        "you_say": None if mine is None else mine.code,
        "until": rfc3339(agent.until),
    }


def check_code(house: Reception, case: Case, speaker: Speaker, typed: str) -> dict[str, Any]:
    """Whether a code that somebody said is theirs to say, now."""
    fits = code_fits(house.vault.mac_key(SPOKEN_KEY), case.id, speaker, typed, house.clock.now())
    text = (_FITS if fits else _STRANGE)[speaker]
    return {"fits": fits, "text": {"en": text.en, "zh": text.zh}}
