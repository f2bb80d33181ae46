"""Goal: what is packed comes back, and the usual costs next to nothing. Method: Hypothesis, and sizes."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.adapters.postgres.shadow_chunks import pack, unpack
from countermand.vocabulary.shadows import Verdict

verdicts = st.none() | st.builds(
    Verdict, st.integers(0, 4), st.integers(0, 1000), st.lists(st.text(max_size=5), max_size=4).map(tuple)
)
rows = st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 90]), verdicts), min_size=1, max_size=60)


@given(st.integers(1, 2**60), rows)
def test_what_is_packed_comes_back(first: int, told: list[tuple[int, Verdict | None]]) -> None:
    """Numbers with and without gaps, every verdict in its place."""
    seqs = list(accumulate((step for step, _ in told), initial=first))[1:]
    said = [verdict for _, verdict in told]
    assert unpack(pack(seqs, said)) == (seqs, said)


def test_more_verdicts_than_a_byte_can_count() -> None:
    """The indices take two bytes then."""
    said = [Verdict(n % 5, n, (f"rule-{n % 7}",)) for n in range(1000)]
    assert unpack(pack(range(1000), said)) == (list(range(1000)), said)


@pytest.mark.parametrize(("differing", "bytes_max"), [(0.0, 0.05), (0.01, 0.2), (0.1, 0.6), (1.0, 1.5)])
def test_the_bytes_of_an_operation(differing: float, bytes_max: float) -> None:
    """A thousand operations, of which some have another verdict, one of twenty."""
    draw = random.Random(1)
    kinds = [Verdict(n % 5, 10 * n, tuple(f"rule-{m}" for m in range(n % 4))) for n in range(20)]
    said = [draw.choice(kinds) if draw.random() < differing else None for _ in range(1000)]
    assert len(pack(range(7, 1007), said)) / 1000 <= bytes_max
