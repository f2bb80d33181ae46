"""Goal: a fact has one entry, in the form of RFC 8785, that binds what it does not show.

Method: Hypothesis, with `rfc8785` as the other implementation; entries with everything and with nothing.
"""

from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from countermand.transparency import jcs
from countermand.transparency.commitments import Opening, committed
from countermand.transparency.entries import Entry, Link, entry_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: normalize("NFC", text))
NAMES = st.text(st.characters(max_codepoint=127), max_size=8)
WHOLE = st.integers(-jcs.INTEGER_MAX, jcs.INTEGER_MAX)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FACTS = st.dictionaries(NAMES, VALUES | st.floats(allow_nan=False) | st.integers(-(2**70), 2**70), max_size=5)


@given(VALUES)
def test_the_canonical_form_is_that_of_the_rfc(value: Any) -> None:
    """Byte for byte as another implementation writes it; and it reads back."""
    data = jcs.canonical(value)
    assert data == rfc8785.dumps(value)
    assert jcs.parsed(data) == value


@pytest.mark.parametrize(
    "value", [1.5, 2**53, {"银": 1}, "e\N{COMBINING ACUTE ACCENT}", {1: 2}, b"bytes", ["\ud800"]]
)
def test_what_could_be_written_in_two_ways_has_no_canonical_form(value: Any) -> None:
    """Fractions, long integers, other names than ASCII, decomposed text, half a character."""
    with pytest.raises(ValueError, match=r"."):
        jcs.canonical(value)


@pytest.mark.parametrize(
    "data", [b'{"a":1, "b":2}', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"1.0", b"1e2", b"NaN", b"[1", b"\xff"]
)
def test_another_spelling_is_not_read(data: bytes) -> None:
    """Blanks, another order, a name twice, fractions, half a document, no UTF-8."""
    with pytest.raises(ValueError, match=r"."):
        jcs.parsed(data)


@given(FACTS, WHOLE.filter(lambda number: number > 0))
def test_every_fact_has_one_entry_that_reads_back(facts: dict[str, Any], number: int) -> None:
    """Also with fractions and long integers, which become strings; commitments stand apart."""
    facts.pop("commit", None)
    body = {**facts, "commit": {"text": committed("13800000001", bytes(range(32)))}}
    link = Link("c-1", 3, bytes(32))
    data = entry_of(number=number, kind="case.changed", at=1, tenant="t1", body=body, link=link)
    entry = Entry.parse(data)
    assert (entry.link, entry.says["id"]) == (link, str(number))
    assert "13800000001" not in data.decode()
    assert Opening("13800000001", bytes(range(32))).opens(entry.commitments["text"])
    assert not Opening("13800000002", bytes(range(32))).opens(entry.commitments["text"])
    assert not Opening("13800000001", bytes(32)).opens(entry.commitments["text"])
    assert len(data) < 9_500


def test_a_fact_as_long_as_a_document_is_bound_by_its_hash() -> None:
    """A policy of a hundred kilobytes stays in the journal; the entry says its SHA-256 and length."""
    body = {"source": "x" * 100_000}
    entry = Entry.parse(entry_of(number=1, kind="policy.recorded", at=1, tenant="t1", body=body))
    assert entry.says["facts"]["bytes"] == len(json.dumps(body, separators=(",", ":")))


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b'{"v":2}',
        b'{"facts":{},"id":1,"tenant":"t1","ts":"x","type":"y","v":1}',
        b'{"facts":[],"id":"1","tenant":"t1","ts":"x","type":"y","v":1}',
    ],
)
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    """Another version, no object, a number where a string belongs."""
    with pytest.raises(ValueError, match=r"."):
        Entry.parse(data)


def test_a_place_in_a_case_that_is_none_is_refused() -> None:
    """A number that is no number."""
    data = jcs.canonical(
        {"v": 1, "id": "1", "type": "t", "ts": "x", "tenant": "t", "facts": {}, "case": "c", "seq": "1"}
    )
    with pytest.raises(ValueError, match="place"):
        _ = Entry.parse(data).link
