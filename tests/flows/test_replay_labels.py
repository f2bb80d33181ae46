"""Labels of a file come when its clock reaches them, not a row sooner; and the policy decides with them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from countermand.flows.replay_labels import LabelFeed
from countermand.kernel.clock import micros_of
from countermand.vocabulary.labels import Label
from countermand.vocabulary.tables import FRAUD, HONEST, UNLABELLED, OperationBatch
from flows.stage import NOON, payment


def batch_of(instants: list[int], told: list[int]) -> OperationBatch:
    """Operations at these instants with these labels."""
    operations = [payment(at=NOON + instant) for instant in instants]
    rows = list(range(1, len(instants) + 1))
    return OperationBatch(operations, rows, [NOON + one for one in instants], [0] * len(rows), told)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([FRAUD, HONEST, UNLABELLED])), max_size=30),
    st.integers(0, 12),
    st.integers(1, 8),
)
def test_each_label_stands_before_the_first_operation_that_may_know_it(rows, delay, size):
    """However the file is cut into batches: due at the latest instant seen so far, and in order of that."""
    feed, clock, woven = LabelFeed(delay), 0, []
    whole = batch_of([at for at, _ in rows], [told for _, told in rows])
    for start in range(0, len(rows), size):
        part = whole.only(range(start, min(start + size, len(rows))))
        woven += feed.woven(part, clock)
        clock = max(clock, *part.instants)
    assert [one for one in woven if not isinstance(one, Label)] == whole.operations
    known: dict[str, int] = {}
    clock, told = 0, dict(zip((one.id for one in whole.operations), rows, strict=True))
    for place, one in enumerate(woven):
        if isinstance(one, Label):
            known[one.operation] = place
            assert one.fraud == (told[one.operation][1] == FRAUD)
            assert micros_of(one.known_at) == NOON + told[one.operation][0] + delay
            continue
        clock = max(clock, micros_of(one.occurred_at))
        before = woven[:place]
        for other in before:
            if not isinstance(other, Label) and told[other.id][1] != UNLABELLED:
                due = micros_of(other.occurred_at) + delay <= clock
                assert (other.id in known) == due
    assert len(known) == sum(isinstance(one, Label) for one in woven)


def test_without_a_delay_the_policy_is_not_told():
    """The column then measures the replay and nothing else."""
    batch = batch_of([0, 100], [FRAUD, FRAUD])
    assert LabelFeed(None).woven(batch, 0) == batch.operations
