"""A caller's last four digits: three tries among the accounts of their number, no word on what is wrong."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from hashlib import sha256
from typing import Any, NamedTuple

from countermand.cases.channel_ports import Check
from countermand.flows.address_book import AddressBook, one_form
from countermand.flows.reception import Reception
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR
from countermand.kernel.errors import BadRequest
from countermand.kernel.text import Text
from countermand.vocabulary.notices import NoticeChannel
from countermand.work import Unit

LAST_FOUR_KEY, PROOF_KEY = "last-four", "phone-proof"
WRONG_MAX = 3
COUNTED_MICROS, LOCKED_MICROS = MICROS_PER_DAY, MICROS_PER_HOUR // 2
LAST_FOURS_MAX = 50
_LAST_FOUR = re.compile(r"\d{3}[\dXx]", re.ASCII)
CONFIRMED = Text(
    en="The digits fit. This is a weak sign: it opens nothing and moves no money.",
    zh="号码后四位核对一致。仅作辅助核验，不据此放行任何操作。",
)
NOT_CONFIRMED = Text(
    en="This could not be checked. Try again, or let a person go on.",
    zh="未能核对成功，请重试，或由人工继续处理。",
)
PERSON = Text(
    en="No more digits are taken for now. A person goes on; stopping money never needs this check.",
    zh="暂不再接受号码核验，由人工继续处理；紧急止付无需此项核验。",
)


class Caller(NamedTuple):
    """Which accounts are reached at a caller's number; the number itself is personal data."""

    address: str | None
    accounts: tuple[str, ...]


async def caller_of(house: Reception, unit: Unit, number: str | None) -> Caller:
    """Who calls, by their number, which anybody can forge; a withheld or strange one is nobody's."""
    if number is None:
        return Caller(None, ())
    try:
        address = one_form(NoticeChannel.SMS, number)
    except BadRequest:
        return Caller(number, ())
    key = AddressBook(house.vault).key_of(NoticeChannel.SMS, address)
    return Caller(address, tuple(await unit.contacts.accounts_at(NoticeChannel.SMS, key)))


async def register_last_fours(house: Reception, account: str, last_fours: Collection[str]) -> int:
    """Take an account's last fours, to check callers by; kept as keyed digests. How many are known now.

    Raises BadRequest (`bad_last_four`), Unavailable.
    """
    digests = {_digest(house, account, _plain(one)) for one in last_fours}
    async with house.works.open() as unit:
        await unit.channels.register(account, sorted(digests))
    return len(digests)


async def check_last_four(house: Reception, call: str, number: str | None, typed: str) -> dict[str, Any]:
    """Whether four digits are those of an account of the caller's; the third wrong one locks for a while.

    Every failure is answered the same: an unknown number, an account without digits, wrong digits. `proof`
    goes with the call's log. Raises BadRequest (`bad_last_four`), Unavailable.
    """
    digits, now = _plain(typed), house.clock.now()
    async with house.works.open() as unit:
        caller = await caller_of(house, unit, number)
        keys = {_key(house, "account", one): one for one in caller.accounts}
        if not keys:
            keys = {_key(house, "caller", caller.address or f"withheld {call}"): ""}
        checks = await unit.channels.checks(keys)
        known = await unit.channels.registered(caller.accounts)
        right = [account for account, kept in known if _digest(house, account, digits) in kept]
        if any(one.locked_until is not None and one.locked_until > now for one in checks):
            return _answer(PERSON, person=True)
        if right:
            mine = {_key(house, "account", one) for one in right}
            await unit.channels.put_checks(
                [Check(one.key, 0, now, None) for one in checks if one.key in mine]
            )
            return {**_answer(CONFIRMED), "account": right[0], "proof": proof_of(house, call, right[0])}
        counted = [_wrong(one, now) for one in checks]
        await unit.channels.put_checks(counted)
    locked = any(one.locked_until is not None for one in counted)
    return _answer(PERSON if locked else NOT_CONFIRMED, person=locked)


def _wrong(check: Check, now: int) -> Check:
    """One wrong answer more; those of yesterday, or from before a lock that is over, no longer count."""
    stale = now - check.since > COUNTED_MICROS or check.locked_until is not None
    wrong = 1 if stale else check.wrong + 1
    since = now if stale or check.wrong == 0 else check.since
    return Check(check.key, wrong, since, now + LOCKED_MICROS if wrong >= WRONG_MAX else None)


def proof_of(house: Reception, call: str, account: str) -> str:
    """What shows that a call passed the check for an account; good for that call alone."""
    key = house.vault.mac_key(PROOF_KEY)
    return hmac.digest(key, f"{call}\0{account}".encode(), sha256)[:16].hex()


def is_proof(house: Reception, call: str, account: str, proof: str | None) -> bool:
    """Whether it is one."""
    return proof is not None and hmac.compare_digest(proof.encode(), proof_of(house, call, account).encode())


def _answer(text: Text, *, person: bool = False) -> dict[str, Any]:
    confirmed = text is CONFIRMED
    shown = {"en": text.en, "zh": text.zh}
    return {"confirmed": confirmed, "person": person, "account": None, "proof": None, "text": shown}


def _plain(typed: str) -> str:
    if _LAST_FOUR.fullmatch(typed) is None:
        raise BadRequest(
            "bad_last_four",
            "The last four of a card or an identity document are four digits; the last may be an X.",
            "卡号或证件号后四位应为四位数字，末位可为X。",
            field="last_four",
        )
    return typed.upper()


def _digest(house: Reception, account: str, digits: str) -> bytes:
    return hmac.digest(house.vault.mac_key(LAST_FOUR_KEY), f"{account}\0{digits}".encode(), sha256)


def _key(house: Reception, what: str, who: str) -> bytes:
    return hmac.digest(house.vault.mac_key(LAST_FOUR_KEY), f"{what}\0\0{who}".encode(), sha256)[:16]
