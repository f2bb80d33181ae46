"""Writes the Python source of a plan's `read` and `observe`, every window spelled out.

A loop over thirty windows spends most of its time asking what each window is. The generated functions
know. A key's record is unpacked into local names (see `layout`), worked on, and packed back.
"""

from __future__ import annotations

from countermand.adapters.features.layout import WORD_BITS, Accumulator, EntityLayout, Kind, PlanLayout
from countermand.adapters.features.names import SHARDS
from countermand.adapters.features.pieces import AHEAD_IS_DUE, WORD, Lines, Pieces, under
from countermand.adapters.features.repair import AdvanceSource, RemoveSource, SpliceSource
from countermand.policy.plan import Aggregate, ColumnKind, Window


def source_of(layout: PlanLayout) -> str:
    """The text of a plan's functions: `read`, `observe`, `remove`, one `splice` per entity, and `advance`."""
    lines = [*ReadSource(layout).lines(), "", *ObserveSource(layout).lines()]
    for entity in layout.entities:
        if entity.accumulators:
            lines += ["", *SpliceSource(layout).lines(entity)]
        if entity.delay:
            lines += ["", *AdvanceSource(layout).lines(entity)]
    lines += ["", *RemoveSource(layout).lines()]
    return "\n".join(lines) + "\n"


class ReadSource(Pieces):
    """`read(own)`: the windows in the plan's order."""

    def lines(self) -> Lines:
        entities: Lines = []
        for entity in self.layout.entities:
            if entity.accumulators:
                entities += self._read_entity(entity)
        results = ", ".join(f"w{number}" for number in range(len(self.plan.windows)))
        own_ids = [
            f"i{column} = shards_of_{column}[hash(v{column}) & {SHARDS - 1}].get(v{column}, 0)"
            for column in self._own_distinct_columns()
        ]
        body = ["now, keys, mask, values = own", *self.values_and_mask(), *self.known_conditions()]
        return under("def read(own):", [*body, *own_ids, *entities, f"return [{results}]"])

    def _read_entity(self, entity: EntityLayout) -> Lines:
        e = entity.number
        windows = self.layout.windows_of(e)
        unknown = " = ".join(f"w{number}" for number, _ in windows) + " = None"
        values = [f"w{number} = {self._value(window)}" for number, window in windows]
        read_names = self._read_names(entity)
        owns = [
            f"o{acc.field} = {self.condition(acc.bits)} and "
            f"slot << 32 | i{acc.column} not in pairs{acc.number}[slot & {SHARDS - 1}]"
            for acc in self._distinct_own(entity)
        ]
        nothing = [f"{' = '.join(name for name in read_names if not name.startswith('o'))} = 0"]
        nothing += [f"o{acc.field} = {self.condition(acc.bits)}" for acc in self._distinct_own(entity)]
        ids = "".join(f"i{acc.column}, " for acc in self._distinct_own(entity))
        holds = "".join(f"{self.condition(acc.bits)}, " for acc in self._distinct_own(entity))
        # An operation before the key's instant must not disturb the record: the slow path answers it.
        late = [f"{', '.join(read_names)}, = late{e}(now, slot, ({ids}), ({holds}))"]
        on_time: Lines = []
        if entity.delay:
            moved = [f"advance{e}(slot, now)", *self.unpack(entity)]
            on_time += under(f"if {' or '.join(filter(None, (AHEAD_IS_DUE, self.expired(entity))))}:", moved)
        elif entity.lengths:
            moved = [*self.slide(entity), "asof = now", *self.pack(entity)]
            on_time += under(f"if {self.expired(entity)}:", moved)
        on_time += owns or ["pass"]
        known = self.unpack(entity) + under("if now < asof:", late) + under("else:", on_time)
        if entity.delay:
            known = [f"now -= {entity.delay}", *known, f"now += {entity.delay}"]
        keyed = self.find_slot(e, self._own_distinct_columns())
        keyed += under("if slot is None:", nothing) + under("else:", known) + values
        return [f"key = keys[{entity.keys}]", *under("if key is None:", [unknown]), *under("else:", keyed)]

    def _own_distinct_columns(self) -> list[int]:
        """Columns of which a read needs the id of the operation's own value."""
        wanted = {w.column for w in self.plan.windows if w.own and w.aggregate is Aggregate.DISTINCT}
        return sorted(column for column in wanted if column is not None)

    def _distinct_own(self, entity: EntityLayout) -> list[Accumulator]:
        """The distinct counts that some window wants with its own operation, in order."""
        wanted = self.layout.distinct_own(entity.number)
        return [acc for acc in entity.of_kind(Kind.DISTINCT) if acc.field in wanted]

    def _read_names(self, entity: EntityLayout) -> Lines:
        """What a late read answers instead of the record's fields."""
        fields = [acc.field for acc in entity.accumulators]
        return fields + [f"o{acc.field}" for acc in self._distinct_own(entity)]

    def _value(self, window: Window) -> str:
        """The expression of one window's value, from the record's fields and the operation at hand."""
        acc = self.layout.accumulator(window)
        field = acc.field
        holds = self.condition(acc.bits) if window.own else ""
        column = window.column
        match window.aggregate:
            case Aggregate.COUNT:
                return f"{field} + {holds}" if window.own else field
            case Aggregate.RATE:
                count = f"({field} + {holds})" if window.own else field
                return f"{count} * {window.per_micros} / {window.micros}"
            case Aggregate.SUM:
                return f"{field} + v{column} if {holds} else {field}" if window.own else field
            case Aggregate.AVG:
                count = self.layout.accumulator(window, Kind.COUNT).field
                plain = f"{field} / {count} if {count} else None"
                if not window.own:
                    return plain
                return f"({field} + v{column}) / ({count} + 1) if {holds} else {plain}"
            case Aggregate.DISTINCT:
                return f"{field} + o{field}" if window.own else field
            case Aggregate.FIRST_SEEN:
                return f"now - at[{field}] if {field} else None"
            case Aggregate.MIN | Aggregate.MAX:
                plain = f"column{column}[{field}] if {field} else None"
                if not window.own:
                    return plain
                sign = ">" if window.aggregate is Aggregate.MAX else "<"
                better = f"{holds} and (not {field} or v{column} {sign} column{column}[{field}])"
                return f"v{column} if {better} else {plain}"
        return self._last_value(window, field)

    def _last_value(self, window: Window, field: str) -> str:
        inside = f"if {field} and at[{field}] > now - {window.delay_micros + window.micros} else None"
        if window.aggregate is Aggregate.TIME_SINCE_LAST:
            return f"now - at[{field}] {inside}"
        column = window.column
        assert column is not None, "checked when the layout was made"
        if self.plan.columns[column].kind is ColumnKind.TEXT:
            return f"value_of_{column}(ids{column}[{field}]) {inside}"
        known = self.test(self.layout.known_bit(column), f"mask{{}}[{field}]")
        return f"(column{column}[{field}] if {known} else None) {inside}"


class ObserveSource(Pieces):
    """`observe(observation)`: a new row, threaded on every key it has; the ticket that undoes it."""

    def lines(self) -> Lines:
        entities: Lines = []
        for entity in self.layout.entities:
            if entity.accumulators:
                entities += self._observe_entity(entity)
        body = [
            "now, keys, mask, values = observation",
            f"if now <= tape.newest - {self.plan.kept_micros}: return 0",
            *self.values_and_mask(),
            "row = tape.free",
            "if not row:",
            "    tape.extend()",
            "    row = tape.free",
            "at[row] = now",
        ]
        body += [f"column{c}[row] = 0 if v{c} is None else v{c}" for c in self.layout.columns_kept]
        # Nothing above can be half done: the row is still free if a value did not fit.
        body += ["tape.free = arrived[row]", "arrived[row] = 0"]
        body += [f"mask{word}[row] = m{word}" for word in range(self.layout.words)]
        for column in self.layout.columns_named:
            body += [
                f"if v{column} is None: i{column} = 0",
                "else:",
                f"    i{column} = shards_of_{column}[hash(v{column}) & {SHARDS - 1}].get(v{column})",
                f"    if i{column} is None: i{column} = name{column}(v{column})",
                f"    references{column}[i{column}] += 1",
                f"ids{column}[row] = i{column}",
            ]
        queue = [
            "if tape.oldest: arrived[tape.latest] = row",
            "else: tape.oldest = row",
            "tape.latest = row",
            "if now > tape.newest: tape.newest = now",
            f"if at[tape.oldest] <= tape.newest - {self.plan.kept_micros}: evict()",
            "return now << 32 | row",
        ]
        return under("def observe(observation):", body + self.known_conditions() + entities + queue)

    def _observe_entity(self, entity: EntityLayout) -> Lines:
        e = entity.number
        pointers = [field for field in entity.fields if field != "asof"]
        opening = [f"slot = open{e}(key)", f"asof = now; {' = '.join(pointers)} = 0"]
        known = self.unpack(entity)
        if entity.delay:
            opening = [opening[0], opening[1].replace("now", f"now - {entity.delay}"), *self.pack(entity)]
            known = ["pass"]
        threaded = self.find_slot(e, self.layout.columns_named)
        threaded += under("if slot is None:", opening) + under("else:", known)
        threaded.append(f"slots{e}[row] = slot")
        used = entity.bits_used
        tests = " or ".join(
            f"m{w} & {used >> (w * WORD_BITS) & WORD}"
            for w in range(self.layout.words)
            if used >> (w * WORD_BITS) & WORD
        )
        header = f"if key is None or not ({tests}): slots{e}[row] = 0"
        if entity.delay:  # it waits: `advance` counts it when its instant has come
            threaded.append(f"splice{e}(row, slot)")
        else:
            threaded += under("if now < asof:", [f"splice{e}(row, slot)"])
            threaded += under("else:", self._append(entity))
        return [f"key = keys[{entity.keys}]", header, *under("else:", threaded)]

    def _append(self, entity: EntityLayout) -> Lines:
        """The key's newest row so far: behind the others, and inside every window."""
        e = entity.number
        append: Lines = []
        if entity.lengths:
            # Mostly the operation was read just before, and its windows stand where they should.
            append += under(f"if asof < now and ({self.expired(entity)}):", self.slide(entity))
        append += ["asof = now", f"preceding{e}[row] = tail", f"following{e}[row] = 0"]
        append += [f"if tail: following{e}[tail] = row", "tail = row"]
        for group in range(len(entity.lengths)):
            append += [f"if not l{group}: l{group} = row", *self.add(entity, group)]
        for acc in entity.of_kind(Kind.FIRST):
            append += self.if_holds(entity, acc.bits, [f"{acc.field} = {acc.field} or row"])
        for acc in entity.of_kind(Kind.LAST):
            append += self.if_holds(entity, acc.bits, [f"{acc.field} = row"])
        return append + self.append_peaks(entity) + self.pack(entity)
