"""Goal: the demo's world is the same for a seed, and a world that a server can accept.

Method: draw it twice, and read every operation as the door would.
"""

from hypothesis import given
from hypothesis import strategies as st

from countermand.drills.demo_world import World, in_time_order, mark_of
from countermand.kernel.canonical import canonical_bytes
from countermand.kernel.clock import MICROS_PER_DAY, micros_of
from countermand.vocabulary.parties import account_of, read_profile
from countermand.vocabulary.reading import read_operation

moments = st.integers(1_700_000_000, 2_000_000_000).map(lambda seconds: seconds * 10**6)


@given(st.integers(0, 10**6), moments)
def test_a_seed_draws_one_world(seed, now):
    """The same seed and moment give the same world, whatever was drawn before."""
    assert World(seed, now, "m").scenes() == World(seed, now, "m").scenes()


def test_another_seed_draws_another_world():
    """Chance does play a part."""
    assert World(1, 10**15, "m").scenes() != World(2, 10**15, "m").scenes()


@given(st.integers(0, 99), moments)
def test_every_operation_can_be_sent(seed, now):
    """All are operations by the schema, with ids of their own, from the last days and not the future."""
    told = [step for _, step in in_time_order(World(seed, now, mark_of(now)).scenes())]
    operations = [read_operation(canonical_bytes(step.operation)) for step in told]
    assert len({operation.id for operation in operations}) == len(operations)
    for step, operation in zip(told, operations, strict=True):
        assert micros_of(operation.occurred_at) == step.at
        assert now - 5 * MICROS_PER_DAY < step.at <= now
    assert [step.at for step in told] == sorted(step.at for step in told)


def test_every_profile_can_be_kept():
    """The profiles are profiles by the schema."""
    for scene in World(1, 10**15, "m").scenes():
        for account, profile in scene.profiles.items():
            assert account_of(account, read_profile(canonical_bytes(profile))).kyc_level == 3


def test_every_attack_has_something_to_stop():
    """No attack passes its check by expecting nothing."""
    scenes = World(1, 10**15, "m").scenes()
    assert [scene.name for scene in scenes if scene.calm] == ["ordinary"]
    assert all(any(step.must_stop for step in scene.steps) for scene in scenes if not scene.calm)
    assert not any(step.must_stop for scene in scenes if scene.calm for step in scene.steps)
