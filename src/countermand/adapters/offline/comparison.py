"""What was recorded live beside what the SQL says, row by row: the facts in the engine, the rules as bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from countermand.policy.sql.parts import quoted, text_literal
from countermand.policy.sql.steps import OfflinePolicy
from countermand.policy.sql.verdicts import WORD_BITS, words_of
from countermand.vocabulary.facts_table import GIVEN, LIVE
from countermand.vocabulary.offline import Compared, Decided

BATCH_ROWS = 10_000
EXAMPLES_MAX = 3


def compared_facts(connection: Any, policy: OfflinePolicy, label: str) -> list[Compared]:
    """Every fact but the given ones, over the operations that this policy decided."""
    recorded = {name for name, *_ in connection.execute("DESCRIBE recorded").fetchall()}
    pairs = [
        (spec, quoted(policy.column(spec.name)), name)
        for spec in policy.specs
        if spec.origin not in ("given", "threshold") and (name := _recorded_as(spec, recorded)) is not None
    ]
    if not pairs:
        return []
    differing = [f"k.{column} IS DISTINCT FROM r.{quoted(name)}" for _, column, name in pairs]
    parts = [f'count(*) FILTER (WHERE {one}), min(r."seq") FILTER (WHERE {one})' for one in differing]
    found = connection.execute(
        f"SELECT count(*), {', '.join(parts)} FROM known AS k JOIN recorded AS r "
        f'ON r."seq" = k."seq" WHERE r."policy" = {text_literal(label)}'
    ).fetchone()
    rows, counts, firsts = found[0], found[1::2], found[2::2]
    return [
        Compared(spec.origin, spec.name, rows, count, _ids(connection, first))
        for (spec, _, _), count, first in zip(pairs, counts, firsts, strict=True)
    ]


def _recorded_as(spec: Any, recorded: set[str]) -> str | None:
    """The column that holds the fact as it was recorded."""
    return next((prefix + spec.name for prefix in (LIVE, GIVEN) if prefix + spec.name in recorded), None)


def _ids(connection: Any, seq: int | None) -> list[str]:
    if seq is None:
        return []
    return [connection.execute('SELECT "id" FROM recorded WHERE "seq" = ?', [seq]).fetchone()[0]]


def decided_rows(connection: Any, policy: OfflinePolicy, label: str) -> Iterator[list[Decided]]:
    """The operations that this policy decided, in order, with their recorded facts and the SQL's verdicts."""
    recorded = {name for name, *_ in connection.execute("DESCRIBE recorded").fetchall()}
    facts = [_recorded_as(spec, recorded) for spec in policy.specs]
    columns = [f"r.{quoted(name)}" if name is not None else "NULL" for name in facts]
    words = words_of(policy.package)
    bits = [f"v.{name}{word}" for name in ("fired", "unknown") for word in range(words)]
    selected = ", ".join(['r."id"', 'r."kind"', 'r."outcome"', "v.outcome", "v.score", *bits, *columns])
    connection.execute(
        f'SELECT {selected} FROM recorded AS r JOIN verdicts AS v ON v."seq" = r."seq" '
        f'WHERE r."policy" = {text_literal(label)} ORDER BY r."seq"'
    )
    while chunk := connection.fetchmany(BATCH_ROWS):
        yield [
            Decided(
                row[0],
                row[1],
                row[2],
                row[3],
                row[4],
                _whole(row[5 : 5 + words]),
                _whole(row[5 + words : 5 + 2 * words]),
                list(row[5 + 2 * words :]),
            )
            for row in chunk
        ]


def _whole(words: tuple[int, ...]) -> int:
    """The bits of all rules as one number."""
    found = 0
    for place, word in enumerate(words):
        found |= word << (place * WORD_BITS)
    return found
