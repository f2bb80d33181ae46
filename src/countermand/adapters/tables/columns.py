"""Columns of a file become values that an operation takes; one that cannot be read is told by its row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from countermand.adapters.tables.mapping import Instant, Label, Sum, Trait, Words, words_of
from countermand.kernel.clock import MICROS_PER_SECOND, micros_of
from countermand.kernel.errors import BadRequest
from countermand.kernel.money import EXPONENTS, minor_of
from countermand.vocabulary.tables import FRAUD, HONEST, UNLABELLED

Faults = dict[int, BadRequest]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS = {"epoch_seconds": 10**6, "epoch_millis": 10**3, "epoch_micros": 1}
_MINOR_NOISE = 1e-4  # what a sum of floats may be off, in minor units, and still be meant as a whole number
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def texts(batch: pa.RecordBatch, words: Words, field: str, faults: Faults) -> list[str | None]:
    """A column as texts, translated and with its prefix; a word that `values` does not know is a fault."""
    if words.column is None:
        return [words.constant] * batch.num_rows
    column = plain_texts(batch.column(words.column))
    if words.values is not None:
        for row, text in enumerate(column):
            if text is not None and text not in words.values:
                faults.setdefault(row, _unmapped(field, words.column, text))
        column = [None if text is None else words.values.get(text) for text in column]
    if words.prefix:
        return [None if text is None else words.prefix + text for text in column]
    return column


def plain_texts(column: pa.Array) -> list[str | None]:
    """A column of any simple type as texts; an empty text is nothing."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pc.cast(column, pa.string())
    found: list[str | None] = column.to_pylist()
    return [text or None for text in found]


def instants(batch: pa.RecordBatch, source: Instant, faults: Faults) -> list[int | None]:
    """A column as microseconds since 1970 UTC; a time without an offset is one of the mapping's time zone.

    Without a zone in the mapping such a time is a fault: nobody knows when it was. Where clocks are put
    back the first of the two hours is meant; an hour left out counts as the one after.
    """
    column = batch.column(source.column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        if getattr(column.type, "tz", None) is None and source.timezone is None:
            for row, value in enumerate(column.to_pylist()):
                faults.setdefault(row, _no_zone(source, value))
            return [None] * len(column)
        return _stamps(column, source.zone)
    factor = _MICROS.get(source.format)
    zone = None if source.timezone is None else ZoneInfo(source.timezone)
    read = _reader(source.format, zone) if factor is None else _counter(factor)
    found: list[int | None] = []
    for row, text in enumerate(plain_texts(column)):
        try:
            found.append(None if text is None else read(text))
        except _ZonelessError:
            faults.setdefault(row, _no_zone(source, text))
            found.append(None)
        except (ValueError, ArithmeticError):
            faults.setdefault(row, _no_time(source, text))
            found.append(None)
    return found


def moments(counted: Sequence[int | None], source: Instant, faults: Faults) -> list[datetime | None]:
    """Instants as aware datetimes in UTC, as an operation carries them."""
    try:
        return [None if micros is None else _EPOCH + timedelta(microseconds=micros) for micros in counted]
    except OverflowError:
        found: list[datetime | None] = []
        for row, micros in enumerate(counted):
            try:
                found.append(None if micros is None else _EPOCH + timedelta(microseconds=micros))
            except OverflowError:
                faults.setdefault(row, _no_time(source, micros))
                found.append(None)
        return found


def _stamps(column: pa.Array, zone: str) -> list[int | None]:
    stamps = pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
    if stamps.type.tz is None:
        stamps = pc.assume_timezone(stamps, zone, ambiguous="earliest", nonexistent="latest")
    found: list[int | None] = stamps.cast(pa.int64()).to_pylist()
    return found


def _counter(factor: int) -> Callable[[str], int]:
    return lambda text: int(Decimal(text) * factor)


class _ZonelessError(Exception):
    """A time without an offset, in a mapping without a zone."""


def _reader(pattern: str, zone: ZoneInfo | None) -> Callable[[str], int]:
    def read(text: str) -> int:
        iso = pattern == "iso"
        moment = datetime.fromisoformat(text) if iso else datetime.strptime(text, pattern)  # noqa: DTZ007  # the zone follows
        if moment.tzinfo is None:
            if zone is None:
                raise _ZonelessError
            moment = moment.replace(tzinfo=zone)
        return micros_of(moment)

    return read


def day_numbers(counted: Sequence[int | None], zone: str) -> list[int]:
    """Whole days since 1970 in a time zone; the offset is looked up once an hour."""
    local = ZoneInfo(zone)
    offsets: dict[int, int] = {}
    found: list[int] = []
    for micros in counted:
        seconds = (micros or 0) // MICROS_PER_SECOND
        offset = offsets.get(seconds // 3600)
        if offset is None:
            offset = offsets[seconds // 3600] = _offset_seconds(seconds // 3600, local)
        found.append((seconds + offset) // 86400)
    return found


def _offset_seconds(hour: int, zone: ZoneInfo) -> int:
    try:
        shift = (_EPOCH + timedelta(hours=hour)).astimezone(zone).utcoffset()
    except OverflowError:  # such a row is refused for its time
        return 0
    return 0 if shift is None else int(shift.total_seconds())


def sums(batch: pa.RecordBatch, source: Sum, faults: Faults) -> list[dict[str, Any] | None]:
    """A column as amounts. A float may be off by a ten-thousandth of a minor unit; a text must be exact."""
    words = words_of(source.currency)
    currencies = texts(batch, words, "amount.currency", faults)
    column = batch.column(source.column)
    found: list[dict[str, Any] | None] = []
    for row, (value, currency) in enumerate(zip(column.to_pylist(), currencies, strict=True)):
        if value is None or value == "" or row in faults:
            found.append(None)
            continue
        try:
            minor = _minor(value, currency, source.unit)
        except (ValueError, ArithmeticError):
            faults.setdefault(row, _no_sum(source, value, currency))
            found.append(None)
            continue
        found.append({"minor": minor, "currency": currency})
    return found


def _minor(value: float | str | Decimal, currency: str | None, unit: str) -> int:
    """Minor units of a value. Raises ValueError where it is no whole number of them, or no number."""
    if currency not in EXPONENTS:
        raise ValueError(currency)
    factor: int = 10 ** EXPONENTS[currency] if unit == "major" else 1
    if isinstance(value, int):
        return value * factor
    if isinstance(value, float):
        scaled = value * factor
        minor = round(scaled)
        if abs(scaled - minor) > max(_MINOR_NOISE, abs(scaled) * 1e-12):
            raise ValueError(value)
        return minor
    if unit == "major":
        return minor_of(str(value), currency)
    return int(str(value))


def traits(batch: pa.RecordBatch, trait: Trait, field: str, faults: Faults) -> list[Any]:
    """A column as attribute values of the mapping's type."""
    if trait.column is None:
        return [trait.constant] * batch.num_rows
    column = plain_texts(batch.column(trait.column))
    if trait.type == "text":
        return column
    found: list[Any] = []
    for row, text in enumerate(column):
        value = None if text is None else _typed(text, trait.type)
        if value is None and text is not None:
            faults.setdefault(row, _not_of_type(field, trait.column, text, trait.type))
        found.append(value)
    return found


def labels(batch: pa.RecordBatch, source: Label) -> list[int]:
    """A column as FRAUD, HONEST or, where it says nothing, UNLABELLED."""
    fraud = frozenset(source.fraud)
    return [
        UNLABELLED if text is None else FRAUD if text in fraud else HONEST
        for text in plain_texts(batch.column(source.column))
    ]


def _typed(text: str, kind: str) -> bool | int | float | None:
    if kind == "boolean":
        return _TRUTHS.get(text.lower())
    number = _number(text)
    if number is None or kind == "number":
        return None if number is None else float(number)
    return int(number) if number == number.to_integral_value() else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _unmapped(field: str, column: str, text: str) -> BadRequest:
    return BadRequest(
        "row_value_unmapped",
        f"{column} holds {text!r}, which the mapping's values for {field} do not name.",
        f"{column} 的值 {text!r} 不在映射 {field} 的 values 之中。",
        field=field,
    )


def _no_time(source: Instant, value: object) -> BadRequest:
    return BadRequest(
        "row_time_unreadable",
        f"{source.column} holds {value!r}, which is no time of the form {source.format}.",
        f"{source.column} 的值 {value!r} 不是 {source.format} 形式的时间。",
        field="occurred_at",
    )


def _no_zone(source: Instant, value: object) -> BadRequest:
    return BadRequest(
        "row_time_without_zone",
        f"{source.column} holds {value!r}, which has no offset, and the mapping names no timezone for it.",
        f"{source.column} 的值 {value!r} 没有时区偏移，而映射没有为它指定 timezone。",
        field="occurred_at",
    )


def _no_sum(source: Sum, value: object, currency: str | None) -> BadRequest:
    return BadRequest(
        "row_amount_unreadable",
        f"{source.column} holds {value!r}, which is no whole number of minor units of {currency}.",
        f"{source.column} 的值 {value!r} 不能换算为 {currency} 最小单位的整数。",
        field="amount",
    )


def _not_of_type(field: str, column: str, text: str, kind: str) -> BadRequest:
    return BadRequest(
        "row_attribute_unreadable",
        f"{column} holds {text!r}, which is no {kind}.",
        f"{column} 的值 {text!r} 不是 {kind} 类型。",
        field=field,
    )
