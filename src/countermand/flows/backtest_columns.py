"""A results table as columns for the figures, and a program as what the figures must know of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from countermand.kernel.errors import SetupError
from countermand.oversight.results import OUTCOMES, Answers, Column, Operations, PolicyProfile, RuleProfile
from countermand.policy.bound import BoundRule
from countermand.policy.program import Program
from countermand.vocabulary.friction import ASSUMED
from countermand.vocabulary.outcomes import Outcome

if TYPE_CHECKING:
    import pyarrow as pa

# Every zone's offset changes at whole quarters of an hour, so one look-up serves all instants of a quarter.
_QUARTER = 900 * 10**6
_HOUR, _DAY = 3600 * 10**6, 86400 * 10**6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def operations_of(table: pa.Table, timezone: str) -> Operations:
    """The operations of a results table. Raises SetupError `results_unreadable`."""
    seq, at = (_whole(table, name) for name in ("seq", "at"))
    local = at + _offsets(at, timezone)
    kind, kinds = _numbered(table, "kind")
    account, _ = _numbered(table, "account")
    label = _column(table, "label")
    known = label.is_valid().to_numpy(zero_copy_only=False)
    fraud = label.fill_null(False).to_numpy(zero_copy_only=False)
    money = _column(table, "amount").fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return Operations(
        seq=seq,
        at=at,
        day=local // _DAY,
        hour=local % _DAY // _HOUR,
        kind=kind,
        kinds=tuple(kinds),
        account=account,
        money=money,
        label=np.where(known, fraud.astype(np.int8), np.int8(-1)),
    )


def answers_of(table: pa.Table, program: Program) -> Answers:
    """What a program answered, from its results table. Raises SetupError `results_unreadable`.

    Ids that are no rule of the program (a band, a freeze) are left out: the outcome tells of them.
    """
    words, outcomes = _numbered(table, "outcome")
    unknown = sorted(set(outcomes) - set(OUTCOMES))
    if unknown:
        raise _unreadable("outcome", f"unknown outcomes {unknown}")
    outcome = np.array([OUTCOMES.index(word) for word in outcomes], dtype=np.int64)[words]
    starts, codes = _fired(table, {rule.id: number for number, rule in enumerate(program.rules)})
    return Answers(profile_of(program), outcome, _whole(table, "score"), starts, codes)


def profile_of(program: Program) -> PolicyProfile:
    """What the figures need of a policy, without its conditions' meaning."""
    declared = program.package.declared
    return PolicyProfile(
        label=program.label,
        title=program.title,
        digest=program.digest.hex(),
        currency=program.currency,
        timezone=program.timezone,
        rules=tuple(_profile(rule, declared.head.false_positive_budget) for rule in program.bound),
        bands=tuple((band.at_least, band.then) for band in program.bands),
        answers=dict(ASSUMED) | declared.answers,
    )


def _profile(rule: BoundRule, default: Any) -> RuleProfile:
    then = Outcome.ALLOW if rule.then is None else rule.then
    effect = then > Outcome.ALLOW or rule.score > 0
    return RuleProfile(
        id=rule.id,
        then=then,
        score=rule.score,
        reason=rule.reason,
        scenario=rule.scenario,
        written=" ".join(rule.text.split()),
        kinds=None if rule.kinds is None else frozenset(kind.value for kind in rule.kinds),
        hold_seconds=rule.hold_micros // 10**6,
        budget=(rule.budget or default) if effect else None,
    )


def _fired(table: pa.Table, numbers: dict[str, int]) -> tuple[Column, Column]:
    """The rules that fired as one flat column of numbers, and where each row's begin."""
    column = _column(table, "fired")
    try:
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        words = column.flatten().dictionary_encode()
        ids, entries = words.dictionary.to_pylist(), words.indices.to_numpy(zero_copy_only=False)
    except (AttributeError, ValueError) as error:
        raise _unreadable("fired", str(error)) from None
    rows = np.repeat(np.arange(len(lengths)), lengths)
    table_of_codes = np.array([numbers.get(name, -1) for name in ids], dtype=np.int64)
    codes = table_of_codes[entries.astype(np.int64)] if len(ids) else np.empty(0, dtype=np.int64)
    kept = codes >= 0
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows[kept], minlength=len(lengths)), out=starts[1:])
    return starts, codes[kept]


def _column(table: pa.Table, name: str) -> Any:
    """One column in one piece."""
    try:
        column = table.column(name).combine_chunks()
    except KeyError:
        raise _unreadable(name, "the column is missing") from None
    if hasattr(column, "chunks"):  # several pieces that do not fit into one, or a table without rows
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def _whole(table: pa.Table, name: str) -> Column:
    column = _column(table, name)
    if column.null_count:
        raise _unreadable(name, "a value is missing")
    return np.asarray(column.to_numpy(zero_copy_only=False).astype(np.int64))


def _numbered(table: pa.Table, name: str) -> tuple[Column, Sequence[str]]:
    """A text column as numbers into its distinct words."""
    column = _column(table, name)
    if column.null_count:
        raise _unreadable(name, "a value is missing")
    words = column if hasattr(column, "indices") else column.dictionary_encode()
    return words.indices.to_numpy(zero_copy_only=False).astype(np.int64), words.dictionary.to_pylist()


def _offsets(at: Column, timezone: str) -> Column:
    """What is to be added to instants to read them as local time, in microseconds."""
    quarters, place = np.unique(at // _QUARTER, return_inverse=True)
    zone = ZoneInfo(timezone)
    local = [(_EPOCH + timedelta(microseconds=int(q) * _QUARTER)).astimezone(zone) for q in quarters]
    offsets = [(one.utcoffset() or timedelta()) // timedelta(microseconds=1) for one in local]
    return np.array(offsets, dtype=np.int64)[place]


def _unreadable(column: str, what: str) -> SetupError:
    return SetupError(
        "results_unreadable",
        f"The results cannot be read: column {column}: {what}.",
        f"结果无法读取：列 {column}：{what}。",
        column=column,
    )
