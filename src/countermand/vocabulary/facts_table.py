"""The facts table: what a backtest starts from, one row an operation in the order of recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GIVEN, LIVE = "given.", "live."


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of type boolean, integer, number or text. All but `seq id at kind account` may be NULL."""

    name: str
    type: str


# What every facts table begins with. `received_at` is when it arrived: by our clock, or by the data's own;
# `outcome` and `policy` say what was decided then; `label_seq` when the label became known, in the order
# of `seq`.
FIRST_COLUMNS = (
    FactColumn("seq", "integer"),
    FactColumn("id", "text"),
    FactColumn("at", "integer"),
    FactColumn("received_at", "integer"),
    FactColumn("kind", "text"),
    FactColumn("account", "text"),
    FactColumn("outcome", "text"),
    FactColumn("policy", "text"),
    FactColumn("label", "boolean"),
    FactColumn("label_seq", "integer"),
)


@dataclass(frozen=True, slots=True)
class FactsTable:
    """Parquet files whose rows follow each other in order of `seq`.

    After the first columns come `given.<name>` for every given fact of the policy and, where the record was
    exported for a comparison, `live.<name>` for every other recorded fact. `corrections` names a file of
    (seq, label_seq, label) with every label in the order of its coming, where some label was corrected.
    """

    parts: tuple[Path, ...]
    rows: int
    corrections: Path | None = None
