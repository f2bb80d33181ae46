"""Pieces of generated source that reading, observing and repairing a record have in common."""

from __future__ import annotations

from struct import calcsize

from countermand.adapters.features.layout import WORD_BITS, Accumulator, EntityLayout, Kind, PlanLayout
from countermand.adapters.features.names import SHARDS
from countermand.adapters.features.peaks import fronts_of

WORD = (1 << WORD_BITS) - 1
Lines = list[str]
# The first of the rows that wait for their instant; row 0 is later than everything.
AHEAD_IS_DUE = "at[ahead] <= now"


def under(header: str, body: Lines) -> Lines:
    """A block: its header, and the body indented; nothing when the body is empty."""
    return [header, *("    " + line for line in body)] if body else []


class Pieces:
    """One generated function: its layout, and the conditions it has needed so far."""

    def __init__(self, layout: PlanLayout) -> None:
        self.layout = layout
        self.plan = layout.plan
        self.conditions: dict[int, str] = {}

    def test(self, bits: int, words: str) -> str:
        """Whether all of `bits` are set, `words` being the words' names with `{}` for the number."""
        tests = []
        for word in range(self.layout.words):
            part = bits >> (word * WORD_BITS) & WORD
            if part:
                single = part & (part - 1) == 0
                name = words.format(word)
                tests.append(f"{name} & {part} != 0" if single else f"{name} & {part} == {part}")
        return " and ".join(tests)

    def row_test(self, entity: EntityLayout, bits: int, words: str) -> str:
        """Whether a row on this entity's chain satisfies a condition; empty if every row there does."""
        return self.test(bits & ~entity.bits_certain, words).removesuffix(" != 0")

    def if_holds(self, entity: EntityLayout, bits: int, body: Lines) -> Lines:
        """The body, done if the operation at hand, which is on this entity's chain, satisfies a condition."""
        if not bits & ~entity.bits_certain:
            return body
        if len(body) == 1:
            return [f"if {self.condition(bits)}: {body[0]}"]
        return under(f"if {self.condition(bits)}:", body)

    def condition(self, bits: int) -> str:
        """The local name that says whether the operation at hand satisfies a condition."""
        return self.conditions.setdefault(bits, f"c{len(self.conditions)}")

    def known_conditions(self) -> Lines:
        return [f"{name} = {self.test(bits, 'm{}')}" for bits, name in self.conditions.items()]

    def values_and_mask(self) -> Lines:
        """Own values as v0, v1, ... and the mask with its known columns as m0, m1, ..."""
        lines = [f"v{column} = values[{column}]" for column in self.layout.columns_used]
        lines.append(f"mask &= {(1 << self.plan.streams) - 1}")
        lines += [
            f"if v{column} is not None: mask |= {self.layout.known_bit(column)}"
            for column in self.layout.columns_used
        ]
        if self.layout.words == 1:
            return [*lines, "m0 = mask"]
        return lines + [f"m{w} = mask >> {w * WORD_BITS} & {WORD}" for w in range(self.layout.words)]

    def loads_of_row(self, entity: EntityLayout) -> Lines:
        """The mask and values of a recorded row under the names that an operation at hand has."""
        columns = sorted({acc.column for acc in entity.accumulators if acc.column >= 0})
        loads = [f"m{word} = mask{word}[row]" for word in range(self.layout.words)]
        loads += [f"v{c} = column{c}[row]" for c in columns if c in self.layout.columns_kept]
        return loads + [f"i{c} = ids{c}[row]" for c in columns if c in self.layout.columns_named]

    def unpack(self, entity: EntityLayout, slot: str = "slot") -> Lines:
        fields = ", ".join(entity.fields)
        e = entity.number
        lines = [f"{fields} = unpack{e}(records{e}, {slot} * {self.record_size(entity)})"]
        if entity.sums:
            lines.append(f"if asof == GIANT: {fields} = giants{e}[{slot}]")
        return lines

    def pack(self, entity: EntityLayout) -> Lines:
        e, fields = entity.number, ", ".join(entity.fields)
        packed = f"pack{e}(records{e}, slot * {self.record_size(entity)}, {fields})"
        if not entity.sums:
            return [packed]
        return [f"try: {packed}", f"except PackingError: store{e}(slot, ({fields}))"]

    def subtract(self, entity: EntityLayout, group: int, row: str) -> Lines:
        """Take a row out of the counts, sums and distinct values of one window length."""
        by_bits: dict[int, Lines] = {}
        for acc in entity.of_group(group):
            lines = by_bits.setdefault(acc.bits, [])
            if acc.kind is Kind.COUNT:
                lines.append(f"{acc.field} -= 1")
            elif acc.kind is Kind.SUM:
                lines.append(f"{acc.field} -= column{acc.column}[{row}]")
            elif acc.kind is Kind.DISTINCT:
                lines += [
                    f"pairs = pairs{acc.number}[slot & {SHARDS - 1}]",
                    f"pair = slot << 32 | ids{acc.column}[{row}]",
                    "left = pairs[pair] - 1",
                    "if left: pairs[pair] = left",
                    "else:",
                    "    del pairs[pair]",
                    f"    {acc.field} -= 1",
                ]
        tested = {bits: lines for bits, lines in by_bits.items() if lines}
        if not tested:
            return []
        tests = {bits: self.row_test(entity, bits, "r{}") for bits in tested}
        needed = [word for word in range(self.layout.words) if f"r{word} " in " ".join(tests.values())]
        loads = [f"r{word} = mask{word}[{row}]" for word in needed]
        for bits, lines in tested.items():
            loads += under(f"if {tests[bits]}:", lines) if tests[bits] else lines
        return loads

    def add(self, entity: EntityLayout, group: int) -> Lines:
        """Put the operation at hand into the counts, sums and distinct values of one window length."""
        lines: Lines = []
        for acc in entity.of_group(group):
            if acc.kind is Kind.COUNT:
                lines += self.if_holds(entity, acc.bits, [f"{acc.field} += 1"])
            elif acc.kind is Kind.SUM:
                lines += self.if_holds(entity, acc.bits, [f"{acc.field} += v{acc.column}"])
            elif acc.kind is Kind.DISTINCT:
                add = [
                    f"pairs = pairs{acc.number}[slot & {SHARDS - 1}]",
                    f"pair = slot << 32 | i{acc.column}",
                    "found = pairs.get(pair, 0)",
                    "pairs[pair] = found + 1",
                    f"if not found: {acc.field} += 1",
                ]
                lines += self.if_holds(entity, acc.bits, add)
        return lines

    def append_peaks(self, entity: EntityLayout) -> Lines:
        """The newest row enters each chain from the back and outdoes those that are no better."""
        lines: Lines = []
        for chain in entity.chains:
            number, values = chain.number, f"column{chain.column}"
            no_better = "<=" if chain.largest else ">="
            body = [
                f"member = {chain.back}",
                f"while member and {values}[member] {no_better} v{chain.column}:",
                f"    outdone, member = member, down{number}[member]",
                f"    down{number}[outdone] = -1",
                f"down{number}[row] = member",
                f"up{number}[row] = 0",
                f"if member: up{number}[member] = row",
                f"{chain.back} = row",
            ]
            body += [
                f"if not {front} or down{number}[{front}] < 0: {front} = row"
                for front in (acc.field for acc in fronts_of(entity, chain))
            ]
            lines += under(f"if {self.condition(chain.bits)}:", body)
            lines.append(f"else: down{number}[row] = -1")
        return lines

    def slide(self, entity: EntityLayout) -> Lines:
        """Move every window of a key forward to `now`, and its record's instant with it."""
        e = entity.number
        body: Lines = []
        for group, micros in enumerate(entity.lengths):
            left = f"l{group}"
            body.append(f"cut = now - {micros}")
            step = [*self.subtract(entity, group, left), f"{left} = following{e}[{left}]"]
            body += under(f"while at[{left}] <= cut:", step)
            for acc in entity.of_group(group):
                if acc.kind is Kind.FIRST:
                    body += under(
                        f"while at[{acc.field}] <= cut:", self.next_holding(entity, acc, "following")
                    )
                elif acc.chain is not None:
                    body.append(
                        f"while at[{acc.field}] <= cut: {acc.field} = up{acc.chain.number}[{acc.field}]"
                    )
        return body

    def next_holding(self, entity: EntityLayout, acc: Accumulator, direction: str) -> Lines:
        """Step at least once to the neighbour that satisfies the condition."""
        there = self.row_test(entity, acc.bits, f"mask{{}}[{acc.field}]")
        step = f"{acc.field} = {direction}{entity.number}[{acc.field}]"
        return [step, f"while not ({there}): {step}"] if there else [step]

    def expired(self, entity: EntityLayout) -> str:
        return " or ".join(f"at[l{g}] <= now - {micros}" for g, micros in enumerate(entity.lengths))

    def record_size(self, entity: EntityLayout) -> int:
        """Bytes of one key's record."""
        return calcsize(entity.packing)

    def find_slot(self, entity: int, looked_up: list[int]) -> Lines:
        """The slot of `key`, None if it has none; spared where a column of the same text was looked up."""
        search = f"shards{entity}[hash(key) & {SHARDS - 1}].get(key)"
        for column, number in self.layout.shared_names.items():
            if number == entity and column in looked_up:
                return [f"slot = i{column} or None if key == v{column} else {search}"]
        return [f"slot = {search}"]
