"""What happened on the account of a case, for whoever works on it: decided, masked, and what binds."""

from __future__ import annotations

from typing import Any

import msgspec

from countermand.cases.numbers import spoken
from countermand.cases.ports import DecidedOperation
from countermand.containment.preview import KIND_TEXTS
from countermand.flows.case_desk import CaseDesk, at_case
from countermand.flows.cursors import cursor_of, read_cursor
from countermand.flows.show_orders import show_orders
from countermand.intake.redaction import mask
from countermand.kernel.clock import micros_of, rfc3339
from countermand.vocabulary.operations import Operation
from countermand.vocabulary.outcomes import Outcome
from countermand.vocabulary.staff import Staff, Verb

PAGE_OPERATIONS_MAX = 25
_SHOWN_OF_PARTY = 4
_OPERATION: msgspec.json.Decoder[Operation] = msgspec.json.Decoder(Operation)


async def show_case_account(house: CaseDesk, number: str, by: Staff, after: str = "") -> dict[str, Any]:
    """Operations of the case's account, newest first, how each was decided, and the orders that bind now.

    Of whoever was paid the last characters, of an address its network. A case without an account has none.
    Raises NotFound `unknown_case`, Forbidden, BadRequest (`bad_cursor`), Unavailable.
    """
    behind = read_cursor(after, tuple[int, int]) if after else None
    async with house.works.open() as unit:
        work = await at_case(house, unit, number, by)
        work.require_of_staff(Verb.READ_MONEY)
        account, now = work.case.account, work.now
        rows = []
        if account is not None:
            rows = await unit.cases.decided_of(account, behind or (now + 1, 0), PAGE_OPERATIONS_MAX)
    if account is None:
        return {
            "case": spoken(work.case.number),
            "account": None,
            "operations": [],
            "orders": [],
            "next": None,
        }
    shown = [_shown(row) for row in rows]
    full = len(rows) == PAGE_OPERATIONS_MAX
    more = cursor_of((_happened_at(rows[-1]), rows[-1].seq)) if full else None
    orders = (await show_orders(house, account))["orders"]
    case = spoken(work.case.number)
    return {"case": case, "account": account, "operations": shown, "orders": orders, "next": more}


def _happened_at(one: DecidedOperation) -> int:
    return micros_of(_OPERATION.decode(one.body).occurred_at)


def _shown(one: DecidedOperation) -> dict[str, Any]:
    return {
        "operation": one.id,
        "decision": one.decision,
        "outcome": Outcome(one.outcome).word,
        **shown_decided(one.body),
    }


def shown_decided(body: bytes) -> dict[str, Any]:
    """An operation (JSON) as the desk sees it: in words, and what tells about others masked."""
    told = _OPERATION.decode(body)
    text, party = KIND_TEXTS[told.kind], told.counterparty
    return {
        "at": rfc3339(micros_of(told.occurred_at)),
        "kind": told.kind.value,
        "text": {"en": text.en, "zh": text.zh},
        "amount": None if told.amount is None else msgspec.to_builtins(told.amount),
        "counterparty": None if party is None else _end_of(party.id),
        "channel": told.channel,
        "device": None if told.device is None else mask(told.device.id).text,
        "network": None if told.ip is None else _network(told.ip),
    }


def _end_of(party: str) -> str:
    return party if len(party) <= _SHOWN_OF_PARTY else "…" + party[-_SHOWN_OF_PARTY:]


def _network(address: str) -> str:
    """The first half of an address: enough to see that it is another one."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::…"
    return ".".join(address.split(".")[:2]) + ".…"
