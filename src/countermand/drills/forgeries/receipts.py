"""Genuine receipts of an invented log, and the truth about them: what the log holds, and what opens it."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from countermand.drills.forgeries.memory_log import MemoryLog
from countermand.transparency.commitments import committed, committed_bytes
from countermand.transparency.entries import Entry, Link, entry_of
from countermand.transparency.receipts import Opened, Proved, Receipt
from countermand.transparency.trust import TrustPolicy
from countermand.transparency.verify import Findings

AT = 1_795_000_000_000_000
CASES, MORE_PER_CASE = 6, 2
README = "This is a receipt. 这是回执。\n".encode()


class World:
    """Six cases in one log; one receipt of each, signed by the log and two witnesses."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.log = MemoryLog(seed)
        self.openings: dict[int, dict[str, Opened]] = {}
        self._chains: dict[str, list[int]] = {}
        for turn in range(1 + MORE_PER_CASE):
            for number in range(CASES):
                self._add(f"case-{number}", turn)
        self.note = self.log.note("w1", "w3")
        policy = str(self.log.policy).encode()
        self.receipts = [
            Receipt(tuple(self.item(index) for index in chain), policy, README)
            for chain in self._chains.values()
        ]

    def _add(self, case: str, turn: int) -> None:
        chain = self._chains.setdefault(case, [])
        before = Entry.parse(self.log.entries[chain[-1]]).leaf if chain else b""
        values: dict[str, Any] = {
            "text": f"不是我转的 {self.chance.randrange(10**11)}",
            "answer": {"case": f"{self.chance.randrange(10**12):012}", "human_by": AT + 1_800_000_000},
        }
        raw = self.chance.randbytes(40)
        opened = {name: Opened(self.chance.randbytes(32), value) for name, value in values.items()}
        commit = {name: committed(one.value, one.salt) for name, one in opened.items()}
        salt = self.chance.randbytes(32)
        opened["raw"], commit["raw"] = Opened.of_file(salt, raw), committed_bytes(raw, salt)
        entry = entry_of(
            number=self.chance.randrange(10**6),
            kind="case.changed" if turn else "report.received",
            at=AT + turn,
            tenant="main",
            body={"case": case, "promised": {"human_contact": AT}, "commit": commit},
            link=Link(case, turn + 1, before),
        )
        index = self.log.append(entry)
        chain.append(index)
        self.openings[index] = opened

    def item(self, index: int) -> Proved:
        """An entry with its proof and all of its openings."""
        return Proved(self.log.entries[index], self.log.proof(index, self.note), self.openings[index])

    def believed(self, findings: Findings) -> bool:
        """Whether anything untrue stands in what findings call proved."""
        return any(not self._true(one) for one in findings.proved)

    def _true(self, item: Proved) -> bool:
        index = item.proof.index
        if index >= len(self.log.entries) or self.log.entries[index] != item.entry:
            return False
        if item.proof.note.text != self.note.text:
            return False
        # A salt without its value says nothing.
        shown = {name: opened for name, opened in item.openings.items() if not opened.hidden}
        return all(self.openings[index].get(name) == opened for name, opened in shown.items())


def over_two_shards(before: int) -> tuple[Receipt, TrustPolicy]:
    """A case that went on in the next year's shard, and whom to trust for both.

    The first shard has its first two entries at 1 and 2; its third is in the second one, behind `before`
    entries of others.
    """
    first = MemoryLog(5, "bank.example/countermand/main/2026")
    second = MemoryLog(5, "bank.example/countermand/main/2027")
    other = entry_of(number=9, kind="case.opened", at=AT, tenant="main", body={})
    for log, count in ((first, 1), (second, before)):
        for _ in range(count):
            log.append(other)
    places, leaf = [], b""
    for seq, log in enumerate((first, first, second), 1):
        salt = bytes([seq]) * 32
        entry = entry_of(
            number=seq,
            kind="case.changed",
            at=AT + seq,
            tenant="main",
            body={"commit": {"text": committed(f"{seq}", salt)}},
            link=Link("case-0", seq, leaf),
        )
        leaf = Entry.parse(entry).leaf
        places.append((log, log.append(entry), {"text": Opened(salt, f"{seq}")}))
    items = [
        Proved(log.entries[index], log.proof(index, log.note("w1", "w2")), opened)
        for log, index, opened in places
    ]
    logs = (first.key, first.later_key, second.key, second.later_key)
    return Receipt(tuple(items)), replace(first.policy, logs=logs)
