"""The Handbook's published features, straight from their definition, and by the policy that says the same.

The definition: chapter 3 of the book, "Baseline feature transformation": rolling windows of 1, 7 and 30
days by customer, the payment itself among them; by terminal, windows that end seven days before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from countermand.adapters.features.memory import MemoryFeatureStore
from countermand.app import open_operation_table
from countermand.flows.circumstances import FORGOTTEN, Surroundings
from countermand.flows.replay_labels import LabelFeed
from countermand.kernel.clock import micros_of
from countermand.policy.program import Program
from countermand.vocabulary.labels import Label
from countermand.vocabulary.parties import Account
from countermand.vocabulary.places import NOWHERE

DAY = 86400 * 10**6
DAYS = (1, 7, 30)
Column = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def in_window(keys: Ints, at: Ints, values: Ints, end: int, length: int) -> Ints:
    """Per row the sum of `values` over the rows of its key in `(t - end - length, t - end]`, recorded so far.

    All in microseconds; rows in the order of recording, times not falling.
    """
    assert (np.diff(at) >= 0).all(), "the published file is in order of time"
    order = np.argsort(keys, kind="stable")
    found = np.zeros(len(at), np.int64)
    bounds = np.flatnonzero(np.diff(keys[order], prepend=np.int64(-1), append=np.int64(-2)))
    for first, last in pairwise(bounds.tolist()):
        rows = order[first:last]
        times, running = at[rows], np.concatenate(([0], np.cumsum(values[rows])))
        until = np.searchsorted(times, times - end, side="right")
        if end == 0:
            until = np.arange(1, len(rows) + 1)  # itself and what was recorded before, of one instant too
        since = np.searchsorted(times, times - end - length, side="right")
        found[rows] = running[until] - running[np.minimum(since, until)]
    return found


def published(customer: Ints, terminal: Ints, at: Ints, cents: Ints, fraud: Ints) -> dict[str, Column]:
    """The published windows by the names the policy gives them; amounts in cents."""
    ones, columns = np.ones(len(at), np.int64), {}
    for days in DAYS:
        count = in_window(customer, at, ones, 0, days * DAY)
        columns[f"customer_count_{days}d"] = count.astype(np.float64)
        columns[f"customer_average_{days}d"] = in_window(customer, at, cents, 0, days * DAY) / count
        seen = in_window(terminal, at, ones, 7 * DAY, days * DAY)
        caught = in_window(terminal, at, fraud, 7 * DAY, days * DAY)
        columns[f"terminal_count_{days}d"] = seen.astype(np.float64)
        columns[f"terminal_risk_{days}d"] = np.divide(caught, seen, out=np.zeros(len(at)), where=seen > 0)
    return columns


def by_policy(program: Program, file: Path, mapping: str, rows_max: int) -> Iterator[dict[str, object]]:
    """The facts of every row as the policy knows them, labels fed as the mapping says; in order."""
    opened = open_operation_table(file, mapping, 10_000)
    features, nothing = MemoryFeatureStore(program.plan), FORGOTTEN
    surroundings = Surroundings(program, lambda _ip: NOWHERE, nothing, nothing)
    feed, clock, left = LabelFeed(opened.table.label_delay_micros), 0, rows_max
    entries: dict[str, tuple[list[object], object]] = {}
    for batch in opened.table.batches():
        for one in feed.woven(batch, clock):
            if isinstance(one, Label):
                given, observation = entries.pop(one.operation)
                entry = program.labelled(given, observation, "allow", fraud=one.fraud)
                if entry is not None:
                    features.amend(0, entry)
                continue
            if not left:
                return
            left -= 1
            at = micros_of(one.occurred_at)
            given = program.given(surroundings.of(one, Account(id=one.account), at))
            observation = program.observation(given)
            facts = program.complete(given, features.read(observation))
            features.observe(program.observed(given, observation, "allow"))
            entries[one.id] = given, observation
            yield dict(zip(program.index, facts, strict=True))
        clock = max(clock, *batch.instants)
