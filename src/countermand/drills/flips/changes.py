"""One byte of one value is another: how a value of each type is changed, and where nothing binds it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

# What finds a change of a row: the audit of the log, the replay of cases, or that of accounts.
AUDIT, CASES, ACCOUNTS = "log audit", "case replay --all", "account replay --all"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the campaign: who finds its changes, and what names a row in what is found.

    `named` are columns of the row, or of a row above it, that must be in the finding. Of `excused` columns
    nothing is claimed: each says why.
    """

    name: str
    finder: str
    named: tuple[str, ...]
    excused: tuple[str, ...] = ()


TABLES = (
    Table("journal", AUDIT, ("seq",)),
    Table("log_entry", AUDIT, ("index",)),
    Table("log_tile", AUDIT, ("number",)),
    # When a signature came back is our own remark beside what was signed.
    Table("log_checkpoint", AUDIT, ("size",), excused=("signed_at",)),
    Table("log_key", AUDIT, ("key",), excused=("added_at",)),
    # As is when a shard was opened and closed: its entries say so themselves.
    Table("log_shard", AUDIT, ("id",), excused=("opened_at", "closed_at")),
    Table("case_file", CASES, ("id",)),
    Table("case_event", CASES, ("case_id", "seq")),
    Table("inbound", CASES, ("id",)),
    Table("clock", CASES, ("id",)),
    Table("clock_span", CASES, ("clock",)),
    Table("breach", CASES, ("clock",)),
    Table("promise", CASES, ("id",)),
    # How a key is wrapped changes with every rotation; that it opens is what counts.
    Table("data_key", CASES, ("id",), excused=("service",)),
    Table("exhibit", CASES, ("id",)),
    Table("custody_event", CASES, ("exhibit", "seq")),
    Table("legal_hold", CASES, ("id",)),
    Table("tombstone", CASES, ("data_key",)),
    Table("standing_order", ACCOUNTS, ("id",)),
    Table("hold", ACCOUNTS, ("operation",)),
    Table("limit_raise", ACCOUNTS, ("id",)),
    Table("incident", ACCOUNTS, ("id",)),
    Table("incident_lifting", ACCOUNTS, ("incident", "cause")),
    # What a decision was made from is checked by deciding again (`replay-decision`); the rest of the row
    # follows from the request, which is bound.
    Table(
        "operation",
        ACCOUNTS,
        ("id",),
        excused=(
            "seq",
            "facts",
            "observation",
            "standing",
            "trace_id",
            "body_digest",
            "account",
            "occurred_at",
        ),
    ),
)


def changed(value: Any, kind: str, chance: random.Random) -> Any:
    """The value with one byte, or the smallest step of its type, changed; None where there is none to change.

    `value` and what comes back in PostgreSQL's text form.
    """
    if value is None:
        return None
    if kind == "boolean":
        return "false" if value in ("t", "true") else "true"
    if kind in ("integer", "bigint", "smallint"):
        return str(int(value) ^ 1)
    if kind == "bytea":
        return _flipped_hex(value, chance)
    if kind == "timestamp with time zone":
        return None if not value else f"{value}"
    if kind in ("json", "jsonb"):
        return _flipped_json(value, chance)
    return _flipped_text(value, chance)


def _flipped_hex(value: str, chance: random.Random) -> str | None:
    data = bytearray.fromhex(value.removeprefix("\\x"))
    if not data:
        return None
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return "\\x" + data.hex()


def _flipped_text(value: str, chance: random.Random) -> str | None:
    """One letter or digit is its neighbour; punctuation stays, so that arrays stay arrays."""
    places = [place for place, letter in enumerate(value) if letter.isalnum()]
    if not places:
        return None
    place = chance.choice(places)
    letter = value[place]
    other = "1" if letter == "0" else "0" if letter.isdigit() else chr(ord(letter) ^ 1)
    return value[:place] + (other if other.isalnum() else "x") + value[place + 1 :]


def _flipped_json(value: str, chance: random.Random) -> str | None:
    """As text, until what comes out says something else in JSON."""
    for _ in range(20):
        other = _flipped_text(value, chance)
        if other is None:
            return None
        try:
            if json.loads(other) != json.loads(value):
                return other
        except ValueError:
            continue
    return None
