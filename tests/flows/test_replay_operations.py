"""Goal: a replay's clock runs as the rows do, so no row is refused that was on time when its turn came.

Method: any order of times, cut into parts, against the definition row by row.
"""

from hypothesis import given
from hypothesis import strategies as st

from countermand.flows.replay_operations import limited, parts
from countermand.kernel.errors import BadRequest
from countermand.vocabulary.tables import OperationBatch


def batch_of(instants, first=1, refused=()):
    """Operations that are told apart by their place only."""
    rows = [row for row in range(first, first + len(instants) + len(refused)) if row not in refused]
    error = BadRequest("row_malformed", "en", "zh")
    return OperationBatch(
        list(rows), rows, list(instants), [0] * len(rows), [], [(row, error) for row in refused]
    )


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(0, 60), st.integers(0, 30))
def test_parts_keep_on_time_what_was_on_time(instants, at, lateness):
    """Judged at the end of its part, a row is late exactly when it was late behind the rows before it."""
    late_by_definition, now = [], at
    for instant in instants:
        now = max(now, instant)
        late_by_definition.append(instant < now - lateness)
    told, rows, clock = [], [], at
    for part in parts(batch_of(instants), at, lateness):
        assert part.instants
        clock = max(clock, *part.instants)
        told += [instant < clock - lateness for instant in part.instants]
        rows += part.rows
    assert told == late_by_definition
    assert rows == list(range(1, len(instants) + 1))


def test_sorted_rows_within_the_lateness_stay_together():
    """A batch is not cut without need: each cut is a commit."""
    assert [part.size for part in parts(batch_of(range(10)), 0, 9)] == [10]
    assert [part.size for part in parts(batch_of(range(10)), 0, 4)] == [5, 5]


@given(st.integers(0, 12), st.sets(st.integers(1, 9)))
def test_the_limit_counts_refused_rows_too(rows_max, refused):
    """The first rows of the file, whatever became of them."""
    good = [0] * (9 - len(refused))
    batches = list(limited(iter([batch_of(good, 1, sorted(refused)), batch_of([0, 0], 10)]), rows_max))
    seen = [row for one in batches for row in [*one.rows, *(row for row, _ in one.refused)]]
    assert sorted(seen) == list(range(1, min(rows_max, 11) + 1))
