"""The results table: verdicts as they come from an engine, put into words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from countermand.policy.sql.verdicts import WORD_BITS, words_of
from countermand.vocabulary.outcomes import Outcome

_OUTCOMES = pa.array([outcome.word for outcome in Outcome])
RESULT_COLUMNS = (
    "seq",
    "id",
    "at",
    "kind",
    "account",
    "amount",
    "label",
    "outcome",
    "score",
    "fired",
    "unknown",
)


def in_words(verdicts: pa.Table, rule_ids: Sequence[str], package: Any) -> pa.Table:
    """The results table (RESULT_COLUMNS) of verdicts with bits for the rules and a number for the outcome."""
    words = range(words_of(package))
    columns = {name: verdicts[name] for name in RESULT_COLUMNS[:7]}
    places = verdicts["outcome"].combine_chunks().cast(pa.int32())
    columns["outcome"] = pa.DictionaryArray.from_arrays(_plain(places), _OUTCOMES).cast(pa.string())
    columns["score"] = verdicts["score"].cast(pa.int32())
    for name in ("fired", "unknown"):
        columns[name] = _rules([verdicts[f"{name}{word}"] for word in words], rule_ids, verdicts.num_rows)
    return pa.table(columns)


def _plain(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _rules(words: Sequence[Any], rule_ids: Sequence[str], rows: int) -> Any:
    """One list of rule ids a row, in the policy's order."""
    found_rows, found_rules = [], []
    for word, column in enumerate(words):
        bits = column.to_numpy(zero_copy_only=False).astype(np.int64)
        some = np.flatnonzero(bits)
        held = bits[some]
        for bit in range(min(WORD_BITS, len(rule_ids) - word * WORD_BITS)):
            speaks = some[(held >> bit) & 1 == 1]
            found_rows.append(speaks)
            found_rules.append(np.full(len(speaks), word * WORD_BITS + bit, dtype=np.int32))
    spoken = np.concatenate(found_rows) if found_rows else np.empty(0, np.int64)
    rules = np.concatenate(found_rules) if found_rules else np.empty(0, np.int32)
    order = np.argsort(spoken, kind="stable")  # rules stay in the policy's order within a row
    offsets = np.zeros(rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(spoken, minlength=rows), out=offsets[1:])
    named = pa.DictionaryArray.from_arrays(pa.array(rules[order]), pa.array(list(rule_ids), pa.string()))
    return pa.ListArray.from_arrays(pa.array(offsets), named.cast(pa.string()))
