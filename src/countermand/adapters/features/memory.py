"""The feature store of one process: every window of a plan, exact, in flat arrays."""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import cast

from countermand.adapters.features.bulk import load_in_bulk
from countermand.adapters.features.codegen import source_of
from countermand.adapters.features.late import LateReader
from countermand.adapters.features.layout import PlanLayout
from countermand.adapters.features.peaks import PeakSteps
from countermand.adapters.features.tape import GIANT, GONE, Tape
from countermand.policy.plan import FeaturePlan, Observation, Value

# An observation frees at most this many old ones, so that none pays for a crowd.
EVICTED_AT_ONCE = 2


class MemoryFeatureStore:
    """Implements `countermand.policy.ports.FeatureStore` for one process and one plan.

    An observation is forgotten once it is `plan.kept_micros` older than the newest instant seen, and is
    not taken in at all if it already is (its ticket is 0). Not safe for use from several threads.
    Raises ValueError for a plan whose windows cannot be kept exactly (see `layout.PlanLayout`).
    """

    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self._layout = PlanLayout(plan)
        self._tape = Tape(self._layout)
        self.source = source_of(self._layout)
        names = self._names()
        # The text is ours: numbers of a checked plan, never its names.
        exec(compile(self.source, f"<{len(plan.windows)} windows>", "exec"), names)  # noqa: S102
        self.read = cast("Callable[[Observation], list[Value]]", names["read"])
        self.observe = cast("Callable[[Observation], int]", names["observe"])
        self._remove = cast("Callable[[int], None]", names["remove"])

    def retract(self, ticket: int) -> None:
        """Undo one observation; nothing is left to undo of one that is forgotten.

        Raises KeyError if it was undone before.
        """
        tape = self._tape
        row, instant = ticket & 0xFFFFFFFF, ticket >> 32
        if tape.at[row] != instant:  # forgotten; whatever has the row now is younger
            return
        if tape.masks[0][row] == GONE:
            raise KeyError(ticket)
        # The row stays in the order of arrival and is freed when its turn comes.
        self._remove(row)

    def amend(self, ticket: int, observation: Observation | None) -> int:
        """What an earlier ticket stands for leaves, `observation` comes in; see the port."""
        if ticket:
            self.retract(ticket)
        return 0 if observation is None else self.observe(observation)

    def load(self, observations: Iterable[Observation]) -> int:
        """Take in recorded history in the order of recording; how many were young enough to keep."""
        if self._tape.oldest:
            return sum(1 for observation in observations if self.observe(observation))
        # Millions of short-lived tuples would only make the collector look at everything again and again.
        collecting = gc.isenabled()
        gc.disable()
        try:
            iterator = iter(observations)
            first = list(islice(iterator, 1))
            return load_in_bulk(self._tape, chain(first, iterator)) if first else 0
        finally:
            if collecting:
                gc.enable()

    def stats(self) -> dict[str, int]:
        """How much is held: rows, keys of all entities, and an estimate of the memory in bytes."""
        tape = self._tape
        keys = sum(len(entity.names) for entity in tape.entities)
        return {"rows": tape.rows, "keys": keys, "bytes": tape.bytes_held()}

    def _evict(self) -> None:
        tape = self._tape
        cut = tape.newest - self.plan.kept_micros
        for _ in range(EVICTED_AT_ONCE):
            row = tape.oldest
            if tape.at[row] > cut:
                return
            tape.oldest = tape.arrived[row]
            if tape.masks[0][row] != GONE:
                self._remove(row)
            tape.give_back(row)

    def _names(self) -> dict[str, object]:
        """What the generated source refers to."""
        tape = self._tape
        names: dict[str, object] = {
            "GIANT": GIANT,
            "instant_of": struct.Struct("<q").unpack_from,
            "PackingError": struct.error,
            "tape": tape,
            "at": tape.at,
            "arrived": tape.arrived,
            "evict": self._evict,
        }
        names |= {f"mask{word}": mask for word, mask in enumerate(tape.masks)}
        names |= {f"column{column}": values for column, values in tape.columns.items()}
        names |= {f"pairs{number}": table for number, table in enumerate(tape.pairs)}
        for column, ids in tape.ids.items():
            interned = tape.names[column]
            names |= {
                f"ids{column}": ids,
                f"shards_of_{column}": interned.shards,
                f"references{column}": interned.references,
                f"name{column}": interned.add,
                f"value_of_{column}": interned.value,
            }
        for entity in tape.entities:
            e = entity.layout.number
            names |= {
                f"slots{e}": entity.slots,
                f"following{e}": entity.following,
                f"preceding{e}": entity.preceding,
                f"shards{e}": entity.names.shards,
                f"open{e}": entity.names.add,
                f"close{e}": entity.close_slot,
                f"unpack{e}": entity.packing.unpack_from,
                f"pack{e}": entity.packing.pack_into,
                f"records{e}": entity.names.records,
                f"giants{e}": entity.giants,
                f"store{e}": entity.store,
                f"late{e}": LateReader(tape, entity.layout).read,
            }
        for entity_number, peaks in self._layout.chains:
            steps = PeakSteps(tape, self._layout.entities[entity_number], peaks)
            number = peaks.number
            names |= {f"up{number}": tape.peak_up[number], f"down{number}": tape.peak_down[number]}
            names |= {f"insert_peak{number}": steps.insert, f"remove_peak{number}": steps.remove}
        return names
