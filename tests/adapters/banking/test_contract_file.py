"""Goal: the contract that an institution implements says what is really sent and taken, and cannot drift.

Method: the schemas of docs/reference/core-banking.openapi.json beside those of the structs that the HTTP
adapter encodes and decodes, and that the simulated bank answers with.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.vocabulary.banking import BankAction, BankAnswer, BankEntry, BankOutcome, Instruction, Terms

FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "core-banking.openapi.json"
CONTRACT = json.loads(FILE.read_text(encoding="utf-8"))
STRUCTS = (Instruction, Terms, BankAnswer, BankEntry)
_, OURS = msgspec.json.schema_components(STRUCTS, ref_template="#/components/schemas/{name}")
WORDS_FOR_PEOPLE = {"description", "title", "examples", "example", "default"}


def bare(schema: Any) -> Any:
    """A schema without what only people read, in one order."""
    if isinstance(schema, dict):
        return {name: bare(one) for name, one in sorted(schema.items()) if name not in WORDS_FOR_PEOPLE}
    return [bare(one) for one in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda one: one.__name__)
def test_every_field_of_what_travels_stands_in_the_contract(struct: type) -> None:
    """The same names, the same ones required, and the same types."""
    theirs, ours = CONTRACT["components"]["schemas"][struct.__name__], OURS[struct.__name__]
    assert bare(theirs["properties"]) == bare(ours["properties"])
    assert sorted(theirs["required"]) == sorted(ours["required"])


@pytest.mark.parametrize("enum", [BankAction, BankOutcome], ids=lambda one: one.__name__)
def test_every_word_of_a_choice_stands_in_the_contract(enum: Any) -> None:
    """No action and no outcome that the other side has not heard of."""
    assert sorted(CONTRACT["components"]["schemas"][enum.__name__]["enum"]) == sorted(enum)


def test_the_contract_has_the_three_calls_and_no_other() -> None:
    """Tell, ask again by the key, and read the ledger: what `CoreBanking` needs."""
    calls = {(path, verb) for path, verbs in CONTRACT["paths"].items() for verb in verbs}
    instruction = "/v1/instructions/{key}"
    assert calls == {(instruction, "put"), (instruction, "get"), ("/v1/entries", "get")}
