"""Goal: what is sealed opens only whole, in order, under its own key and context. Method: damage."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermand.evidence.sealing import (
    HEADER_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    StreamOpener,
    StreamSealer,
    data_key_of,
    open_value,
    seal_value,
)
from countermand.kernel.errors import Conflict

KEY, SALT = bytes(range(32)), bytes(range(32, 64))


def sealed(
    plain: bytes, *, cuts: tuple[int, ...] = (), salt: bytes = SALT, context: str = "exhibit 1"
) -> bytes:
    """A stream, given in pieces."""
    one, parts, begin = StreamSealer(KEY, salt, context), [], 0
    for cut in [*sorted(cuts), len(plain)]:
        parts.append(one.seal(plain[begin:cut]))
        begin = max(begin, cut)
    return one.header + b"".join(parts) + one.end()


def opened(stream: bytes, *, step: int = 10_000, key: bytes = KEY, context: str = "exhibit 1") -> bytes:
    """A stream, read in pieces."""
    one = StreamOpener(key, context)
    return b"".join(one.open(stream[at : at + step]) for at in range(0, len(stream), step)) + one.end()


LENGTHS = (
    0,
    1,
    SEGMENT_BYTES - 1,
    SEGMENT_BYTES,
    SEGMENT_BYTES + 1,
    2 * SEGMENT_BYTES,
    3 * SEGMENT_BYTES + 5,
)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length_comes_back(length: int) -> None:
    """Also at the borders of segments; the overhead is a header and a tag for each segment."""
    plain = os.urandom(length)
    stream = sealed(plain)
    assert opened(stream) == opened(stream, step=1_000_000) == plain
    segments = max(1, -(-length // SEGMENT_BYTES))
    assert len(stream) == HEADER_BYTES + length + segments * TAG_BYTES


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 200_000), max_size=6), st.integers(1, 90_000))
def test_how_it_is_cut_into_pieces_does_not_matter(cuts: list[int], step: int) -> None:
    """The same bytes come of it, however they were handed in and read."""
    plain = bytes(range(256)) * 782
    assert sealed(plain, cuts=tuple(cuts)) == sealed(plain)
    assert opened(sealed(plain), step=step) == plain


def _damaged(stream: bytes) -> list[bytes]:
    head, step = stream[:HEADER_BYTES], SEGMENT_BYTES + TAG_BYTES
    first, second, rest = (
        stream[HEADER_BYTES:][:step],
        stream[HEADER_BYTES + step :][:step],
        stream[HEADER_BYTES + 2 * step :],
    )
    other = sealed(b"x" * (3 * SEGMENT_BYTES), salt=bytes(32))
    return [
        b"",
        head[:-1],
        head,
        head + first,
        head + first + second,
        head + second + first + rest,
        head + first + first + second + rest,
        head + second + rest,
        head + first + second + rest[:-1],
        stream + b"\0",
        stream + rest,
        b"X" + stream[1:],
        other[:HEADER_BYTES] + stream[HEADER_BYTES:],
        head + first + other[HEADER_BYTES + step :],
    ]


def test_nothing_is_dropped_repeated_exchanged_or_cut_unseen() -> None:
    """Each damage to the order, the end or the header of a stream is refused."""
    stream = sealed(os.urandom(3 * SEGMENT_BYTES - 100))
    for damaged in _damaged(stream):
        with pytest.raises(Conflict, match="evidence_altered"):
            opened(damaged)
    for at in (0, 5, HEADER_BYTES, HEADER_BYTES + 70_000, len(stream) - 1):
        with pytest.raises(Conflict):
            opened(stream[:at] + bytes([stream[at] ^ 1]) + stream[at + 1 :])
    with pytest.raises(Conflict):
        opened(stream, key=bytes(32))
    with pytest.raises(Conflict):
        opened(stream, context="exhibit 2")


def test_a_value_opens_under_its_own_name_and_context() -> None:
    """And tells which key it wants, before any key is at hand."""
    one = seal_value(KEY, "dk-1", b"said", os.urandom(32), "message 1")
    assert data_key_of(one) == "dk-1"
    assert data_key_of(b"\x01rest") is data_key_of(b"") is None
    assert open_value(KEY, one, "message 1") == b"said"
    for wrong in (one.replace(b"dk-1", b"dk-2"), one[:-1], one[:8]):
        with pytest.raises(Conflict):
            open_value(KEY, wrong, "message 1")
    with pytest.raises(Conflict):
        open_value(KEY, one, "message 2")
