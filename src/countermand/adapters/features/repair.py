"""Writes the source of the uncommon changes: a row that arrives late, and a row that goes."""

from __future__ import annotations

from countermand.adapters.features.layout import Chain, EntityLayout, Kind
from countermand.adapters.features.peaks import fronts_of
from countermand.adapters.features.pieces import AHEAD_IS_DUE, Lines, Pieces, under


class AdvanceSource(Pieces):
    """`advanceN(slot, now)`: the windows of a key end later; rows that waited come in, others drop out."""

    def lines(self, entity: EntityLayout) -> Lines:
        e = entity.number
        entering: Lines = []
        for group in range(len(entity.lengths)):
            entering += self.add(entity, group)
        for acc in entity.of_kind(Kind.LAST):
            entering += self.if_holds(entity, acc.bits, [f"{acc.field} = row"])
        entering += self.append_peaks(entity)
        loads = ["row = ahead", *self.loads_of_row(entity), *self.known_conditions()]
        enter = under(f"while {AHEAD_IS_DUE}:", [*loads, *entering, f"ahead = following{e}[row]"])
        body = [*self.unpack(entity), *enter, *self.slide(entity), "asof = now", *self.pack(entity)]
        return under(f"def advance{e}(slot, now):", body)


class SpliceSource(Pieces):
    """`spliceN(row, slot)`: thread a row between the older rows of a key and correct its record."""

    def lines(self, entity: EntityLayout) -> Lines:
        e = entity.number
        changes: Lines = []
        for group, micros in enumerate(entity.lengths):
            inside = [f"if now < at[l{group}]: l{group} = row", *self.add(entity, group)]
            for acc in entity.of_group(group):
                if acc.kind is Kind.FIRST:
                    earlier = f"{acc.field} = row if now < at[{acc.field}] else {acc.field}"
                    inside += self.if_holds(entity, acc.bits, [earlier])
            changes += under(f"if now > asof - {micros}:", inside)
        for acc in entity.of_kind(Kind.LAST):
            newer = f"not {acc.field} or at[{acc.field}] <= now"
            changes += self.if_holds(entity, acc.bits, [f"{acc.field} = row if {newer} else {acc.field}"])
        for chain in entity.chains:
            insert = peak_step(entity, chain, "insert")
            changes += under(f"if {self.condition(chain.bits)}:", [insert])
            changes.append(f"else: down{chain.number}[row] = -1")
        if entity.delay:
            waits = [f"if now < at[{field}]: {field} = row" for field in waiting(entity)]
            waits += [f"down{chain.number}[row] = -1" for chain in entity.chains]
            changes = under("if now > asof:", waits) + under("else:", changes)
        loads = ["now = at[row]", *self.loads_of_row(entity)]
        place = [
            "before, after = tail, 0",
            f"while before and at[before] > now: after, before = before, preceding{e}[before]",
            f"preceding{e}[row] = before",
            f"following{e}[row] = after",
            f"if before: following{e}[before] = row",
            f"if after: preceding{e}[after] = row",
            "else: tail = row",
        ]
        body = [*loads, *self.known_conditions(), *self.unpack(entity), *place, *changes, *self.pack(entity)]
        return under(f"def splice{e}(row, slot):", body)


class RemoveSource(Pieces):
    """`remove(row)`: as if the row had never been there. The caller frees it."""

    def lines(self) -> Lines:
        body = ["instant = at[row]"]
        for entity in self.layout.entities:
            if entity.accumulators:
                body += [f"slot = slots{entity.number}[row]", *under("if slot:", self._unthread(entity))]
        return under("def remove(row):", [*body, "tape.forget_values(row)"])

    def _unthread(self, entity: EntityLayout) -> Lines:
        """Off the chain; where the record does not know the row, the record is left alone."""
        e = entity.number
        lines = [f"slots{e}[row] = 0", f"before = preceding{e}[row]", f"after = following{e}[row]"]
        lines += [f"if before: following{e}[before] = after", f"if after: preceding{e}[after] = before"]
        # The usual case: the oldest row of a busy key, outside all of its windows.
        outside = [f"instant <= instant_of(records{e}, slot * {self.record_size(entity)})[0]"]
        outside[0] += f" - {max(entity.lengths, default=0)}"
        outside += [f"(down{chain.number}[row] < 0 or up{chain.number}[row])" for chain in entity.chains]
        unlink = [
            f"if down{chain.number}[row] >= 0: down{chain.number}[up{chain.number}[row]] = 0"
            for chain in entity.chains
        ]
        change = [*self.unpack(entity), "if not after: tail = before", *self._forget(entity)]
        # Where there is a delay the last row inside may be followed by one that waits.
        if any(entity.delay or acc.bits & ~entity.bits_certain for acc in entity.of_kind(Kind.LAST)):
            return lines + change
        usual = under(f"if after and not before and {' and '.join(outside)}:", unlink or ["pass"])
        return lines + usual + under("else:", change)

    def _forget(self, entity: EntityLayout) -> Lines:
        """Correct a record for a row that goes, and close the key if it was the last."""
        e = entity.number
        lines: Lines = []
        for group, micros in enumerate(entity.lengths):
            inside = [*self.subtract(entity, group, "row"), f"if l{group} == row: l{group} = after"]
            for acc in entity.of_group(group):
                if acc.kind is Kind.FIRST:
                    inside += under(f"if {acc.field} == row:", self.next_holding(entity, acc, "following"))
            lines += under(f"if instant > asof - {micros}:", inside)
        for acc in entity.of_kind(Kind.LAST):
            lines += under(f"if {acc.field} == row:", self.next_holding(entity, acc, "preceding"))
        for chain in entity.chains:
            lines += under(f"if down{chain.number}[row] >= 0:", [peak_step(entity, chain, "remove")])
        if entity.delay:
            waits = [f"if {field} == row: {field} = after" for field in waiting(entity)]
            lines = under("if instant > asof:", waits) + (under("else:", lines) if lines else [])
        return [*lines, f"if not tail: close{e}(slot)", *under("else:", self.pack(entity))]


def peak_step(entity: EntityLayout, chain: Chain, step: str) -> str:
    """The call that changes a chain, its back, and the fronts of its windows."""
    fronts = fronts_of(entity, chain)
    fields = ", ".join(acc.field for acc in fronts)
    cuts = ", ".join(f"asof - {entity.lengths[acc.group]}" for acc in fronts)
    changed = ", ".join([chain.back, *(acc.field for acc in fronts)])
    return f"{changed} = {step}_peak{chain.number}(row, {chain.back}, ({fields},), ({cuts},))"


def waiting(entity: EntityLayout) -> Lines:
    """The fields that point to the first row after some instant, rows that still wait among them."""
    return ["ahead", *(f"l{group}" for group in range(len(entity.lengths)))]
