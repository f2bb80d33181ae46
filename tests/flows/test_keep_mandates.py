"""Goal: a holder sees their automatic debits, and one that they switch off collects nothing any more.

Method: a house on a database of its own, debits as the institution sends them, the tables looked at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countermand.flows.contain_now import contain_now
from countermand.flows.house import House
from countermand.flows.keep_mandates import list_mandates, switch_off, switch_on, tell_mandate
from countermand.kernel.clock import ManualClock, rfc3339
from countermand.kernel.errors import Conflict, Forbidden, NotFound
from countermand.vocabulary.authenticators import Purpose
from countermand.vocabulary.incidents import ContainRequest, Preset
from countermand.vocabulary.operations import Amount
from countermand.vocabulary.own_limits import ref_of_mandate
from flows.holder_stage import outcome, proved, quiet_house
from flows.stage import NOON, SECOND, answer_of, payment


@pytest.fixture
async def house(database_dsn: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house where large debits wait, and nothing else does."""
    async with quiet_house(database_dsn, clock, tmp_path) as opened:
        yield opened


async def debit(house: House, mandate: str | None = "m-1", kind: str = "mandate_run", **more: Any) -> str:
    """What one debit gets now."""
    attributes = {} if mandate is None else {"attributes": {"mandate": mandate}}
    return await outcome(house, kind=kind, counterparty={"id": "gym"}, **attributes, **more)


async def mandate(house: House, name: str = "m-1") -> dict[str, Any]:
    """One of the list."""
    (found,) = [
        one for one in (await list_mandates(house.holders, "a-1"))["mandates"] if one["mandate"] == name
    ]
    return found


async def test_the_list_is_what_was_agreed_told_and_run(house: House, clock: ManualClock) -> None:
    """From the record and from the institution; other accounts' and debits without a name are not in it."""
    await debit(house, kind="mandate_create")
    clock.advance(60 * SECOND)
    for _ in range(2):
        await debit(house)
    await debit(house, None)
    await debit(house, "m-0", account="a-2")
    told = await tell_mandate(house.holders, "a-1", "m-2", "Water works", Amount(9_000, "CNY"), "core")
    assert (told["on"], told["payee"], told["at_most"]["minor"], told["runs"]) == (
        True,
        "Water works",
        9_000,
        0,
    )
    found = (await list_mandates(house.holders, "a-1"))["mandates"]
    assert [one["mandate"] for one in found] == ["m-1", "m-2"]
    first = found[0]
    assert (first["payee"], first["runs"], first["refusals"]) == ("gym", 2, 0)
    assert (first["agreed_at"], first["run_at"]) == (rfc3339(NOON), rfc3339(NOON + 60 * SECOND))
    await tell_mandate(house.holders, "a-1", "m-1", "The gym", None, "core")
    assert (await mandate(house))["payee"] == "The gym"


async def test_one_that_is_off_collects_nothing_and_the_attempt_is_on_record(
    house: House, clock: ManualClock, tables: Any
) -> None:
    """The very next debit is denied, and shown; others run; one that does not say which it is waits."""
    await debit(house, kind="mandate_create")
    assert await debit(house) == "allow"
    off = await switch_off(house.holders, "a-1", "m-1", "app")
    assert (off["on"], off["off_since"]) == (False, rfc3339(clock.now()))
    asked = payment(
        kind="mandate_run", counterparty={"id": "gym"}, attributes={"mandate": "m-1"}, at=clock.now()
    )
    decision = answer_of(await house.decider.decide(asked, None))
    assert decision["outcome"] == "deny"
    (reason,) = [one for one in decision["reasons"] if one["rule"] == "standing-order.stop_mandates"]
    assert reason["values"]["code"] == "own_mandate"
    assert "重新开启" in reason["values"]["remedy"]["zh"]
    assert await tables.fetchval("SELECT outcome FROM operation WHERE id = $1", asked.id) == 4
    shown = await mandate(house)
    assert (shown["runs"], shown["refusals"], shown["refused_at"]) == (1, 1, rfc3339(clock.now()))
    assert await debit(house, "m-2") == "allow"
    assert await debit(house, None) == "hold"
    assert await debit(house, "m-1", "mandate_create") == "deny", "no new consent slips in under the old name"
    assert await debit(house, "m-1", "mandate_cancel") == "allow"
    assert await switch_off(house.holders, "a-1", "m-1", "app") == await mandate(house)
    assert await tables.fetchval("SELECT count(*) FROM standing_order") == 1


async def test_it_is_on_again_only_with_a_proof_of_this_switch(house: House, clock: ManualClock) -> None:
    """A proof for another debit, or one that served, does not do."""
    for name in ("m-1", "m-2"):
        await debit(house, name, "mandate_create")
        await switch_off(house.holders, "a-1", name, "app")
    first, second = [ref_of_mandate((await mandate(house, name))["order"]) for name in ("m-1", "m-2")]
    other = await proved(house, Purpose.LIFT, second)
    for given in (None, other, await proved(house, Purpose.LIMIT, first)):
        with pytest.raises(Forbidden, match="confirmation_needed") as refused:
            await switch_on(house.holders, "a-1", "m-1", given, "app")
        assert (refused.value.details["purpose"], refused.value.details["ref"]) == ("lift", first)
    right = await proved(house, Purpose.LIFT, first)
    assert (await switch_on(house.holders, "a-1", "m-1", right, "app"))["on"]
    assert await debit(house) == "allow"
    assert (await switch_on(house.holders, "a-1", "m-1", None, "app"))["on"], "it is on: nothing to prove"
    await switch_off(house.holders, "a-1", "m-1", "app")
    with pytest.raises(Forbidden, match="confirmation_needed"):
        await switch_on(house.holders, "a-1", "m-1", right, "app")
    assert await debit(house) == "deny"
    with pytest.raises(NotFound, match="unknown_mandate"):
        await switch_on(house.holders, "a-1", "m-9", None, "app")


async def test_no_debit_is_switched_on_while_the_account_is_contained(house: House) -> None:
    """Off stays possible."""
    await debit(house, kind="mandate_create")
    await switch_off(house.holders, "a-1", "m-1", "app")
    request = ContainRequest(account="a-1", reason="not me", preset=Preset.OUTGOING)
    await contain_now(house, request, "k-1", "desk")
    ref = ref_of_mandate((await mandate(house))["order"])
    with pytest.raises(Conflict, match="account_contained"):
        await switch_on(house.holders, "a-1", "m-1", await proved(house, Purpose.LIFT, ref), "app")
    assert not (await switch_off(house.holders, "a-1", "m-2", "app"))["on"]


async def test_a_debit_that_waits_is_taken_back_with_it(house: House, tables: Any) -> None:
    """Only those under this mandate, at once, with their facts."""
    assert await debit(house, minor=2_000) == "hold"
    assert await debit(house, "m-2", minor=2_000) == "hold"
    await switch_off(house.holders, "a-1", "m-1", "app")
    rows = await tables.fetch(
        "SELECT convert_from(body, 'UTF8')::json #>> '{attributes,mandate}' AS mandate, state, cause "
        "FROM hold JOIN operation ON operation = id ORDER BY 1"
    )
    assert [tuple(row)[:2] for row in rows] == [("m-1", "revoked"), ("m-2", "open")]
    assert rows[0]["cause"] == "own_mandate"
    assert await tables.fetchval("SELECT count(*) FROM journal WHERE kind = 'hold.revoked'") == 1
