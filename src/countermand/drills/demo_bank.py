"""The demo's core banking: the simulated bank in a process of its own, and an institution's line to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from countermand.app import SIMULATED_BANK
from countermand.confirmation.permits import PermitKey, published, terms_of
from countermand.extensions import CoreBanking
from countermand.flows.decided_operations import decided_operation
from countermand.flows.give_consent import Agreed, give_consent, show_statement
from countermand.flows.give_permit import give_permit
from countermand.flows.house import House
from countermand.flows.reconcile_bank import ExecutionShelf, reconcile_bank
from countermand.kernel.errors import SetupError
from countermand.vocabulary.banking import BankAction, BankEntry, BankOutcome, Instruction, Terms

LEDGER, KEYS = "demo-bank.jsonl", "demo-bank-keys.json"
ANSWER_SECONDS_MAX = 60.0
_END_SECONDS_MAX = 10.0
_ENTRIES_MAX = 1000
_LISTENING = "listening "
_Given = TypeVar("_Given")


@contextmanager
def simulated_bank(directory: Path, keys: Collection[PermitKey]) -> Iterator[str]:
    """The bank's address while inside; its ledger stays in the directory, so a kept one goes on.

    Raises SetupError (`bank_not_started`).
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / KEYS).write_text(json.dumps(published(keys)), encoding="utf-8")
    command = [sys.executable, "-m", SIMULATED_BANK, "--leashed", "--ledger", str(directory / LEDGER)]
    # In a session of its own: Ctrl-C ends the server first, which may still have something to tell it.
    process = subprocess.Popen(
        [*command, "--keys", str(directory / KEYS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        line = process.stdout.readline()
        if not line.startswith(_LISTENING):
            raise SetupError(
                "bank_not_started",
                "The simulated bank of the demo did not start.",
                "演示用的模拟核心系统未能启动。",
            )
        yield line.removeprefix(_LISTENING).strip()
    finally:
        process.terminate()
        try:
            process.communicate(timeout=_END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True)
class BankLine:
    """An institution's line to its bank, for a thread beside the loop in which the line is open."""

    loop: asyncio.AbstractEventLoop
    bank: CoreBanking
    shelf: ExecutionShelf

    def executed(self, key: str, terms: Terms, permit: str) -> str | None:
        """Have it executed: None, or in one word why the bank refused, which is final for the key.

        Raises Unavailable, Conflict (`bank_protests`).
        """
        asked = Instruction(key=key, action=BankAction.EXECUTE, terms=terms, permit=permit)
        return self._wait(self.bank.tell(asked)).reason

    def entries_of(self, operation: str) -> list[BankEntry]:
        """What the bank has booked about an operation."""
        found: list[BankEntry] = []
        after = 0
        while page := self._wait(self.bank.entries(after, _ENTRIES_MAX)):
            found += [entry for entry in page if entry.operation == operation]
            after = page[-1].number
        return found

    def reconciled(self) -> dict[str, Any]:
        """Every disagreement between both ledgers."""
        return self._wait(reconcile_bank(self.shelf, self.bank))

    def _wait(self, asked: Coroutine[Any, Any, _Given]) -> _Given:
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(ANSWER_SECONDS_MAX)


def payer(house: House, bank: CoreBanking) -> Callable[[str], Awaitable[bool]]:
    """Executes what was let through as an institution does: agreed to, permitted, told to its bank."""

    async def pay(operation: str) -> bool:
        put = await show_statement(house, operation, "zh")
        agreed = Agreed(digest=put.digest, language="zh", answers=(), credit=None, session=None, device=None)
        await give_consent(house, operation, agreed, "demo")
        given = await give_permit(house, operation, "demo")
        asked, _ = await decided_operation(house.archive, operation)
        told = Instruction(
            key=f"pay-{operation}", action=BankAction.EXECUTE, terms=terms_of(asked), permit=given["permit"]
        )
        return (await bank.tell(told)).outcome is BankOutcome.DONE

    return pay
