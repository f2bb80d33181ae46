"""Where a holder's data goes, by what was really recorded; what each use rests on; and who looked at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from countermand.confirmation.pack import Agreements
from countermand.confirmation.statements import purpose_statement, values_wanted
from countermand.flows.consent_to_data import AgreementHouse, data_consents
from countermand.flows.evidence_room import EvidenceRoom
from countermand.flows.settle_holds import Settlement
from countermand.flows.show_exhibits import accesses_of
from countermand.flows.show_history import HistoryShelf
from countermand.flows.show_notices import NoticeShelf
from countermand.kernel.clock import micros_of
from countermand.vocabulary.consent import Basis, DataUse
from countermand.vocabulary.holds import HoldState
from countermand.vocabulary.notices import REACHED, NoticeChannel
from countermand.vocabulary.operations import Operation
from countermand.work.record import LookedBack

LOOKED_AT_MAX = 500
NOTICES_MAX = 100
CASES_MAX = 50
_FUTURE, _LAST = 253_402_300_799_000_000, 2**63 - 1
_OPERATION = msgspec.json.Decoder(Operation)
_AT_BANK = {HoldState.RELEASED.value, HoldState.EXECUTED.value, HoldState.FAILED.value}


class DataHouse(AgreementHouse, Protocol):
    """What these stories need of the house, beside what consents do."""

    @property
    def archive(self) -> HistoryShelf: ...

    @property
    def notice_shelf(self) -> NoticeShelf: ...

    @property
    def room(self) -> EvidenceRoom: ...

    @property
    def settlement(self) -> Settlement: ...


class Flow(NamedTuple):
    """One way that data went: to whom, how many records of it there are, and when the last one was."""

    to: str
    records: int
    last_at: int | None


class Use(NamedTuple):
    """One use of data: on what ground, and whether it may go on now; `state` is said for consent alone.

    `none`, `given`, `withdrawn`, or `outdated`: to words that have changed since. `simple`: its statement
    needs no value, so it can be shown and agreed to here.
    """

    use: DataUse
    state: str | None
    since: str | None
    simple: bool


class OwnData(NamedTuple):
    """What happens with a holder's data."""

    flows: list[Flow]
    uses: list[Use]
    recipients: list[str]
    cases: int


async def show_own_data(house: DataHouse, account: str) -> OwnData:
    """By the last 500 operations, 100 notices and 50 cases. Raises Unavailable."""
    rows = await house.archive.of_account(account, (_FUTURE, 2**62), LOOKED_AT_MAX)
    notices = await house.notice_shelf.before(account, _LAST, NOTICES_MAX)
    sendings = await house.notice_shelf.sendings([one.id for one in notices])
    consents = await data_consents(house, account)
    async with house.works.open() as unit:
        cases = await unit.cases.of_account(account, CASES_MAX)
    done = [row for row in rows if row.state in _AT_BANK] if house.settlement.banking else []
    reached = [one for one in sendings if one.state in REACHED]
    by_channel = Counter(one.channel for one in reached if one.channel is not NoticeChannel.FEED)
    flows = [
        Flow("record", len(rows), _last(rows)),
        Flow("bank", len(done), _last(done)),
        *(
            Flow(channel.value, count, max(one.ended_at or 0 for one in reached if one.channel is channel))
            for channel, count in sorted(by_channel.items())
        ),
        Flow("desk", len(cases), max((one.updated_at for one in cases), default=None)),
    ]
    in_force = [one for one in consents if one["withdrawn_at"] is None]
    recipients = sorted({one["recipient"] for one in in_force if one["recipient"]})
    return OwnData(flows, _uses(house.agreements, consents), recipients, len(cases))


async def looks_at(house: DataHouse, account: str) -> list[dict[str, Any]]:
    """Who looked at what was said and sent in the holder's cases, newest first. Raises Unavailable."""
    async with house.works.open() as unit:
        cases = await unit.cases.of_account(account, CASES_MAX)
    found = []
    for case in cases:
        seen = await accesses_of(house.room, case)
        found += [{**one, "case": seen["case"]} for one in seen["accesses"]]
    return sorted(found, key=lambda one: str(one["at"]), reverse=True)


def _last(rows: Sequence[LookedBack]) -> int | None:
    """When the newest of these operations happened; they come newest first."""
    return micros_of(_OPERATION.decode(rows[0].body).occurred_at) if rows else None


def _uses(agreements: Agreements, consents: list[dict[str, Any]]) -> list[Use]:
    found = []
    for use in agreements.uses:
        if use.basis is not Basis.CONSENT:
            found.append(Use(use, None, None, False))
            continue
        statement = purpose_statement(use.id, agreements.statements)
        simple = statement is not None and not values_wanted(statement)
        newest = next((one for one in consents if one["purpose"] == use.id), None)
        if newest is None:
            found.append(Use(use, "none", None, simple))
        elif newest["withdrawn_at"] is not None:
            found.append(Use(use, "withdrawn", newest["withdrawn_at"], simple))
        else:
            found.append(Use(use, "outdated" if newest["outdated"] else "given", newest["given_at"], simple))
    return found
