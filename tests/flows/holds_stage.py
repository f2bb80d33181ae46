"""A stage for holds: a house whose payments wait, a bank beside it, and a worker that works when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from countermand.adapters.banking.simulated.bank import Ledger, SimulatedBank
from countermand.confirmation.permits import published, read_keys
from countermand.flows.deliver_effects import Deliverer
from countermand.flows.give_consent import Agreed, give_consent, show_statement
from countermand.flows.guard_clock import ClockGuard
from countermand.flows.house import House
from countermand.flows.run_timers import TimerRunner
from countermand.flows.settle_holds import Settlement, hold_handler, note_bank_answers
from countermand.flows.tell_bank import BankPort
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.banking import BANKING
from countermand.vocabulary.holds import HOLD_TIMER, Hold
from countermand.vocabulary.operations import Operation
from flows.stage import NOON, SECOND, outcome_of, payment

DAY = 86400 * SECOND


@dataclass
class Stage:
    """A house with a bank that follows it."""

    house: House
    clock: ManualClock
    bank: SimulatedBank
    works: Any
    settlement: Settlement
    timers: TimerRunner
    deliverer: Deliverer
    port: BankPort

    @property
    def archive(self) -> Any:
        """As the permit asks for it."""
        return self.house.archive

    @property
    def holds(self) -> Any:
        """As the doors ask for it."""
        return self.house.holds

    async def held(self, account: str = "a-1", *, consent: bool = True, **more: Any) -> Hold:
        """A payment on hold, which somebody has consented to."""
        at = self.clock.now()
        asked = [payment(account, at=at + number, **more) for number in range(8)]
        for operation in asked:
            if outcome_of(await self.house.decider.decide(operation, None)) == "hold":
                if consent:
                    await self.consent(operation)
                hold = await self.find(operation.id)
                assert hold is not None
                return hold
        raise AssertionError("none of them was held")

    @property
    def profiles(self) -> Any:
        """As the statement asks for it."""
        return self.house.profiles

    @property
    def agreements(self) -> Any:
        """As the statement asks for it."""
        return self.house.agreements

    @property
    def salts(self) -> Any:
        """As the fact of a consent asks for them."""
        return self.house.salts

    async def consent(self, operation: Operation | Hold) -> dict[str, Any]:
        """Somebody is shown the statement, and agrees."""
        name = operation.operation if isinstance(operation, Hold) else operation.id
        put = await show_statement(self, name, "zh")
        return await give_consent(self, name, agreed_to(put.digest), "app")

    async def find(self, operation: str) -> Hold | None:
        """The hold as it stands."""
        return await self.house.holds.find(operation)

    async def state(self, hold: Hold) -> str:
        """Where it stands."""
        found = await self.find(hold.operation)
        assert found is not None
        return found.state.value

    async def later(self, micros: int) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(micros)
        while await self.timers.turn() == 0.0:
            pass

    async def entries(self) -> list[str]:
        """The operations that the bank has executed."""
        return [entry.operation for entry in await self.bank.entries(0, 1000)]


def agreed_to(digest: str, **more: Any) -> Agreed:
    """A yes in Chinese, from nowhere in particular."""
    given = {"language": "zh", "answers": (), "credit": None, "session": None, "device": None}
    return Agreed(**{"digest": digest, **given, **more})


@asynccontextmanager
async def stage_on(house: House, clock: ManualClock, folder: Path) -> AsyncIterator[Stage]:
    """The house, followed by a bank in this process."""
    assert clock.now() == NOON
    keys = read_keys(published(house.permit_keys))
    ledger = Ledger(folder / "ledger.jsonl", durable=False)
    bank = SimulatedBank(ledger, lambda: keys, clock)
    settlement = replace(house.settlement, banking=True)
    schedule = house.worker.timers.schedule
    guard = ClockGuard(house.works, schedule, clock, 10**9, steady=lambda: clock.now() / SECOND)
    port = BankPort(bank, house.works, clock)
    timers = TimerRunner(
        house.works, schedule, {HOLD_TIMER: hold_handler(settlement)}, clock, guard, batch_max=5
    )
    deliverer = Deliverer(house.works, schedule, {BANKING: port}, {BANKING: note_bank_answers}, clock)
    try:
        yield Stage(house, clock, bank, house.works, settlement, timers, deliverer, port)
    finally:
        ledger.close()
