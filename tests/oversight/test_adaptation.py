"""Goal: a threshold moves only as far, as often and as surely as people approved.

Method: the law by a table; then, with Hypothesis, over every sequence of observations.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.oversight.adaptation import (
    DAY_MICROS,
    Cause,
    LastMove,
    Patience,
    judge_period,
    period_to_judge,
    stepped,
)
from countermand.vocabulary.thresholds import Aim, Band, Evidence, Measure

HOUR = 3600 * 10**6
UP = Band(value=3, floor=2, ceiling=6, step=1, eases=1)
DOWN = Band(value=3, floor=2, ceiling=6, step=1, eases=-1)
FORTY = Aim(Measure.ALERTS, a_day=40)
HALF = Aim(Measure.FALSE_ALARMS, share=0.005)
USUAL = Patience(least=200, within=0.2)


def day(operations, hits):
    """What one day showed."""
    return Evidence(0, DAY_MICROS, operations, hits)


# value, band, aim, evidence, last move -> value after, cause
TABLE = [
    (3, UP, FORTY, day(10_000, 90), None, 4, Cause.TOO_MANY),
    (3, DOWN, FORTY, day(10_000, 90), None, 2, Cause.TOO_MANY),
    (3, UP, FORTY, day(10_000, 10), None, 2, Cause.TOO_FEW),
    (3, DOWN, FORTY, day(10_000, 10), None, 4, Cause.TOO_FEW),
    (3, UP, FORTY, day(10_000, 0), None, 2, Cause.TOO_FEW),
    (3, UP, FORTY, day(10_000, 44), None, 3, Cause.NEAR_ENOUGH),
    (3, UP, FORTY, day(10_000, 60), None, 3, Cause.NOT_SURE),
    (3, UP, FORTY, day(10_000, 28), None, 3, Cause.NOT_SURE),
    (3, UP, FORTY, day(199, 199), None, 3, Cause.TOO_LITTLE),
    (3, UP, FORTY, day(0, 0), None, 3, Cause.TOO_LITTLE),
    (6, UP, FORTY, day(10_000, 900), None, 6, Cause.AT_THE_END),
    (2, UP, FORTY, day(10_000, 0), None, 2, Cause.AT_THE_END),
    (3, Band(3, 2, 6, 1, 0), FORTY, day(10_000, 900), None, 3, Cause.NO_DIRECTION),
    (3, UP, HALF, day(100_000, 900), None, 4, Cause.TOO_MANY),
    (3, UP, HALF, day(100_000, 500), None, 3, Cause.NEAR_ENOUGH),
    (3, UP, HALF, day(100_000, 100), None, 2, Cause.TOO_FEW),
    # Back to where it came from only when it is further off here than it was there.
    (4, UP, FORTY, day(10_000, 15), LastMove(3, 1.2), 4, Cause.JUST_LEFT),
    (4, UP, FORTY, day(10_000, 15), LastMove(3, 0.6), 3, Cause.TOO_FEW),
    (4, UP, FORTY, day(10_000, 90), LastMove(3, 9.0), 5, Cause.TOO_MANY),
    # The last step before the end of the band is as short as it has to be.
    (5, Band(3, 2, 6, 3, 1), FORTY, day(10_000, 900), None, 6, Cause.TOO_MANY),
    (0.7, Band(0.5, 0.5, 0.9, 0.1, 1), FORTY, day(10_000, 900), None, 0.8, Cause.TOO_MANY),
]


@pytest.mark.parametrize(("value", "band", "aim", "seen", "last", "after", "cause"), TABLE)
def test_a_period_says(value, band, aim, seen, last, after, cause):
    """Where the threshold stands afterwards, and why; it changes exactly when the cause is a move."""
    found = judge_period(value, band, aim, USUAL, seen, last)
    assert (found.value, found.cause) == (after, cause)
    assert found.moves == (found.value != value)


@st.composite
def bands(draw):
    """Any band that the policy language accepts, of whole numbers or of decimals."""
    low, width = draw(st.integers(-50, 50)), draw(st.integers(1, 60))
    step, at = draw(st.integers(1, width)), draw(st.integers(0, width))
    eases = draw(st.sampled_from([-1, 1]))
    unit = draw(st.sampled_from([1, 0.1, 0.01]))
    if unit == 1:
        return Band(low + at, low, low + width, step, eases)
    return Band(*(round(one * unit, 6) for one in (low + at, low, low + width, step)), eases)


@st.composite
def evidence(draw):
    """Any period, the empty one too."""
    operations = draw(st.integers(0, 5_000))
    return Evidence(0, draw(st.integers(1, 60)) * HOUR, operations, draw(st.integers(0, operations)))


aims = st.builds(Aim, st.sampled_from(Measure), st.floats(0.001, 1)) | st.builds(
    Aim, st.sampled_from(Measure), st.none(), st.floats(0.01, 5_000)
)
patiences = st.builds(Patience, st.integers(1, 1_000), st.floats(0, 0.99))


@given(bands(), aims, patiences, st.lists(evidence(), max_size=40))
def test_over_any_sequence_it_stays_in_its_band_and_moves_one_step(band, aim, patience, periods):
    """Whatever is observed: never outside, never more than a step, never without evidence."""
    value, last = band.value, None
    for seen in periods:
        found = judge_period(value, band, aim, patience, seen, last)
        assert band.floor <= found.value <= band.ceiling
        assert abs(found.value - value) <= band.step + 1e-9
        assert type(found.value) is type(value)
        if seen.operations < patience.least:
            assert found.value == value
        if found.moves:
            eased = (found.value - value) * band.eases > 0
            assert eased == (found.cause is Cause.TOO_MANY)
            assert eased == (seen.hits > found.wanted)
            last = LastMove(value, found.distance)
        value = found.value


@given(bands(), aims, patiences, evidence())
def test_the_way_of_counting_does_not_matter(band, aim, patience, seen):
    """A rule that eases upwards and its mirror image move by the same step in opposite directions."""
    mirrored = Band(-band.value, -band.ceiling, -band.floor, band.step, -band.eases)
    here = judge_period(band.value, band, aim, patience, seen, None)
    there = judge_period(-band.value, mirrored, aim, patience, seen, None)
    assert (here.value, here.cause) == (-there.value, there.cause)


@pytest.mark.parametrize("rates", [{2: 200, 3: 75, 4: 15, 5: 8, 6: 4}, {2: 100, 3: 60, 4: 20, 5: 10, 6: 1}])
def test_an_aim_that_no_value_meets_does_not_make_it_flap(rates):
    """With steady traffic it settles: over the last hundred of 200 days it does not move at all."""
    draw, value, last, moved = random.Random(7), 6, None, []
    for number in range(200):
        hits = sum(draw.random() < rates[value] / 10_000 for _ in range(10_000))
        found = judge_period(value, UP, FORTY, USUAL, day(10_000, hits), last)
        if found.moves:
            last = LastMove(value, found.distance)
            moved.append(number)
        value = found.value
    assert value in (3, 4)
    assert not [number for number in moved if number >= 100]


def test_steady_traffic_near_the_aim_hardly_ever_moves_it():
    """A false alarm of the law itself is rarer than one period in a hundred."""
    draw, moved = random.Random(11), 0
    for _ in range(2_000):
        hits = sum(draw.random() < 0.04 for _ in range(1_000))
        moved += judge_period(3, UP, FORTY, Patience(200, 0), day(1_000, hits), None).moves
    assert moved < 20 * 1.5


@pytest.mark.parametrize(
    ("now", "period"),
    [
        (0, None),
        (30 * HOUR, None),
        (31 * HOUR - 1, None),
        (31 * HOUR, (0, 24 * HOUR)),
        (54 * HOUR, (0, 24 * HOUR)),
        (55 * HOUR, (24 * HOUR, 48 * HOUR)),
    ],
)
def test_only_a_whole_period_whose_labels_had_time_is_judged(now, period):
    """Periods follow each other from the value's beginning, each once its delay is over."""
    assert period == period_to_judge(0, 24 * HOUR, 7 * HOUR, now)


@given(st.integers(0, 10**15), st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**16))
def test_a_period_lies_under_the_present_value(since, over, delay, waited):
    """It begins when the value did or later, has its full length, and its delay has passed."""
    found = period_to_judge(since, over, delay, since + waited)
    if found is None:
        assert waited < over + delay
        return
    assert since <= found[0]
    assert found[1] - found[0] == over
    assert found[1] + delay <= since + waited < found[1] + delay + over


def test_decimal_steps_are_exact():
    """Ten steps of a tenth are one; binary fractions would drift off the grid people approved."""
    band, value = Band(0.0, 0.0, 1.0, 0.1, 1), 0.0
    for _ in range(10):
        value = stepped(value, band, 1)
    assert value == 1.0
    assert stepped(0.3, band, -1) == 0.2
