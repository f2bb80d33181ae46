"""A case opened in a browser with number and secret stays open there for a while, and is left at once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from countermand.cases.numbers import grouped, secret_of
from countermand.cases.receipt_session_ports import ReceiptSession
from countermand.flows.reception import RECEIPT_KEY, Reception
from countermand.kernel.canonical import digest
from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import Forbidden, Unauthenticated
from countermand.kernel.ids import new_secret
from countermand.vocabulary.cases import Case
from countermand.work import Unit

_MINUTE = 60 * MICROS_PER_SECOND
IDLE_MICROS, WHOLE_MICROS = 30 * _MINUTE, 8 * 60 * _MINUTE
# On a device that others use too, whoever walks away leaves little behind.
SHARED_IDLE_MICROS, SHARED_WHOLE_MICROS = 5 * _MINUTE, 30 * _MINUTE
FIRST_TURN = 1
FORM_KEY = "receipt-form"
# Which groups of the secret are typed back: not the first, which people remember from looking at it.
GROUPS_ASKED = (2, 4)


@dataclass(frozen=True, slots=True)
class Entered:
    """A case in a browser; `form` is what every form of its pages must carry."""

    token: str
    form: str
    case: Case
    session: ReceiptSession


async def begin_session(house: Reception, case: Case, *, shared: bool, fresh: bool = False) -> Entered:
    """A session for whoever has shown number and secret, or has just been given them (`fresh`)."""
    now, token = house.clock.now(), new_secret()
    idle, whole = (SHARED_IDLE_MICROS, SHARED_WHOLE_MICROS) if shared else (IDLE_MICROS, WHOLE_MICROS)
    session = ReceiptSession(
        token=digest(token.encode()),
        case=case.id,
        turn=case.receipt,
        shared=shared,
        fresh=fresh,
        begun_at=now,
        idle_ends_at=now + idle,
        ends_at=now + whole,
    )
    async with house.works.open() as unit:
        await unit.receipt_sessions.begin(session)
    return Entered(token, _form(house, token), case, session)


async def begin_fresh_session(house: Reception, case: str) -> Entered | None:
    """A session for whoever has opened this case by their report, and was given its first secret.

    None where the receipt was renewed since: an old form that is sent again must not show the new secret.
    """
    async with house.works.open() as unit:
        found = await _case_of(unit, case)
    assert found is not None, "the case was opened a moment ago"
    if found.receipt != FIRST_TURN:
        return None
    return await begin_session(house, found, shared=False, fresh=True)


async def enter_session(house: Reception, token: str | None, *, looking: bool = False) -> Entered:
    """The case of a browser; `looking`: a page that is only open keeps it open no longer.

    Raises Unauthenticated (`receipt_session_over`), Unavailable.
    """
    if token:
        now, known = house.clock.now(), digest(token.encode())
        async with house.works.open() as unit:
            book = unit.receipt_sessions
            if looking:
                session = await book.look(known, now)
            else:
                session = await book.enter(known, now, IDLE_MICROS, SHARED_IDLE_MICROS)
            case = None if session is None else await _case_of(unit, session.case)
        if session is not None and case is not None and case.receipt == session.turn:
            return Entered(token, _form(house, token), case, session)
    raise Unauthenticated(
        "receipt_session_over",
        "Open your case again with its number and code; nothing you sent is lost.",
        "请用案件编号和查询码重新打开；已提交的内容不会丢失。",
    )


def check_form(entered: Entered, given: str) -> None:
    """What is sent must come from a page of this session. Raises Forbidden (`form_refused`)."""
    if not hmac.compare_digest(entered.form.encode(), given.encode()):
        raise Forbidden(
            "form_refused",
            "This form does not belong to the case that is open here. Load the page again and send it.",
            "该表单不属于当前打开的案件。请返回并刷新页面后重新提交。",
        )


def secret_in(house: Reception, entered: Entered) -> str | None:
    """The secret in its groups, for the browser that was given it a moment ago; None for every other."""
    if not entered.session.fresh:
        return None
    key = house.vault.mac_key(RECEIPT_KEY)
    return grouped(secret_of(key, entered.case.id, entered.case.receipt))


async def secret_saved(house: Reception, entered: Entered, typed: tuple[str, str]) -> bool:
    """Whether two groups that were typed back are right; then the secret is not shown here again."""
    secret = secret_in(house, entered)
    if secret is None:
        return True
    groups = secret.split("-")
    wanted = "".join(groups[number - 1] for number in GROUPS_ASKED)
    if not hmac.compare_digest(_folded("".join(typed)).encode(), wanted.encode()):
        return False
    async with house.works.open() as unit:
        await unit.receipt_sessions.settle(entered.session.token)
    return True


async def leave_session(house: Reception, entered: Entered, *, everywhere: bool = False) -> None:
    """End this session, or every one of its case."""
    async with house.works.open() as unit:
        if everywhere:
            await unit.receipt_sessions.end_of_case(entered.case.id)
        else:
            await unit.receipt_sessions.end(entered.session.token)


async def _case_of(unit: Unit, case: str) -> Case | None:
    number = (await unit.desk.numbers_of([case])).get(case)
    return None if number is None else await unit.cases.by_number(number)


def _form(house: Reception, token: str) -> str:
    return hmac.digest(house.vault.mac_key(FORM_KEY), token.encode(), sha256).hex()[:32]


def _folded(typed: str) -> str:
    """What was typed, as the secret is written: read aloud or off paper, letters are taken for digits."""
    letters = "".join(one for one in typed if one.isalnum())
    return letters.translate(str.maketrans("ILOilo", "110110")).upper()
