"""The simulated bank: it believes permits and nothing else, and writes before it answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countermand.confirmation.permits import mismatch, verified
from countermand.extensions import bank_protests
from countermand.kernel.clock import MICROS_PER_SECOND, Clock
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.banking import (
    BankAction,
    BankAnswer,
    BankEntry,
    BankOutcome,
    Instruction,
)

# How long the payee's bank takes to answer.
RECALL_SECONDS = 2.0
_ENCODE = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the ledger's file: an instruction, its answer, and the entry where it moved money."""

    asked: Instruction
    answer: BankAnswer
    entry: BankEntry | None = None


_LINE = msgspec.json.Decoder(Line)


class Ledger:
    """A file of lines, each on the disk before anybody hears of it; a torn last line was never answered."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self._durable = durable
        self.lines: list[Line] = []
        path.touch()
        whole = 0
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            self.lines.append(_LINE.decode(line))
            whole += len(line)
        self._file = path.open("r+b")
        self._file.truncate(whole)
        self._file.seek(whole)

    def append(self, line: Line) -> None:
        """Write a line, durably."""
        self._file.write(_ENCODE(line) + b"\n")
        self._file.flush()
        if self._durable:
            os.fsync(self._file.fileno())
        self.lines.append(line)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class SimulatedBank:
    """A CoreBanking in this process; `keys` are asked for at each permit, as a JWKS can change.

    A recall is passed on to a payee's bank that answers `recall_seconds` later, and finds two thirds there.
    """

    def __init__(
        self,
        ledger: Ledger,
        keys: Callable[[], dict[str, Ed25519PublicKey]],
        clock: Clock,
        *,
        recall_seconds: float = RECALL_SECONDS,
    ) -> None:
        self._ledger, self._keys, self._clock = ledger, keys, clock
        self._recall_micros = int(recall_seconds * MICROS_PER_SECOND)
        self._recalled_at: dict[str, int] = {}
        self._lock = threading.Lock()
        self._answers: dict[str, Line] = {}
        self._executed: dict[str, BankEntry] = {}
        self._cancelled: set[str] = set()
        self._frozen: set[str] = set()
        for line in ledger.lines:
            self._learn(line)

    async def tell(self, instruction: Instruction) -> BankAnswer:
        """Do it once. Raises Conflict (`bank_protests`): the key was used for something else."""
        return self.do(instruction)

    async def status(self, key: str) -> BankAnswer | None:
        """What became of an instruction."""
        return self.known(key)

    async def entries(self, after: int, count_max: int) -> Sequence[BankEntry]:
        """What was executed behind a number."""
        return self.listed(after, count_max)

    def listed(self, after: int, count_max: int) -> list[BankEntry]:
        """The same, for a door that does not wait."""
        return [entry for entry in self._executed.values() if entry.number > after][:count_max]

    def known(self, key: str) -> BankAnswer | None:
        """What became of an instruction, for a door that does not wait."""
        with self._lock:
            line = self._answers.get(key)
            return None if line is None else self._answered(line)

    def do(self, asked: Instruction) -> BankAnswer:
        """Decide, write, answer; one at a time."""
        with self._lock:
            before = self._answers.get(asked.key)
            if before is not None:
                if (before.asked.action, before.asked.terms) != (asked.action, asked.terms):
                    raise bank_protests("the key was used for another instruction")
                return self._answered(before)
            reason = self._objection(asked)
            entry = None
            if reason is None and asked.action is BankAction.EXECUTE:
                assert asked.terms.operation is not None, "a permit names its operation"
                entry = BankEntry(
                    number=len(self._executed) + 1,
                    key=asked.key,
                    operation=asked.terms.operation,
                    account=asked.terms.account,
                    amount_minor=asked.terms.amount_minor,
                    currency=asked.terms.currency,
                    counterparty=asked.terms.counterparty,
                )
            answer = BankAnswer(
                key=asked.key,
                action=asked.action,
                outcome=BankOutcome.DONE if reason is None else BankOutcome.REFUSED,
                terms=asked.terms,
                reason=reason,
                reference=f"L{len(self._ledger.lines) + 1}",
            )
            line = Line(asked, answer, entry)
            self._ledger.append(line)
            self._learn(line)
            return answer

    def _answered(self, line: Line) -> BankAnswer:
        """The answer as it is by now: the payee's bank may have spoken since."""
        waits = line.asked.action is BankAction.RECALL and line.answer.outcome is BankOutcome.DONE
        if not waits or line.answer.returned_minor is not None:
            return line.answer
        if self._clock.now() - self._recalled_at[line.asked.key] < self._recall_micros:
            return line.answer
        there = (line.asked.terms.amount_minor or 0) * 2 // 3
        answer = msgspec.structs.replace(line.answer, returned_minor=there)
        told = Line(line.asked, answer)
        self._ledger.append(told)
        self._learn(told)
        return answer

    def _objection(self, asked: Instruction) -> str | None:
        """Why an instruction is refused, in one word; None where it is done."""
        operation = asked.terms.operation
        if asked.action is BankAction.CANCEL:
            return "executed" if operation in self._executed else None
        if asked.action is BankAction.RECALL:
            return None if operation in self._executed else "not_executed"
        if asked.action is not BankAction.EXECUTE:
            return None
        if asked.permit is None:
            return "permit_missing"
        try:
            permit = verified(asked.permit, self._keys(), self._clock.now())
        except BadRequest:
            return "permit_refused"
        if mismatch(permit, asked.terms) is not None:
            return "permit_mismatch"
        if operation in self._executed:
            return "executed"
        if operation in self._cancelled:
            return "cancelled"
        return "frozen" if asked.terms.account in self._frozen else None

    def _learn(self, line: Line) -> None:
        self._answers[line.asked.key] = line
        self._recalled_at.setdefault(line.asked.key, self._clock.now())
        if line.entry is not None:
            self._executed[line.entry.operation] = line.entry
        if line.answer.outcome is not BankOutcome.DONE:
            return
        effect: dict[BankAction, Callable[[], Any]] = {
            BankAction.CANCEL: lambda: self._cancelled.add(line.asked.terms.operation or ""),
            BankAction.FREEZE: lambda: self._frozen.add(line.asked.terms.account),
            BankAction.LIFT: lambda: self._frozen.discard(line.asked.terms.account),
        }
        effect.get(line.asked.action, lambda: None)()
