"""Goal: guessing is slow, and never locks out the owner. Method: laws over sequences of wrong answers."""

from hypothesis import given
from hypothesis import strategies as st

from countermand.confirmation.lockout import LockoutTerms, Standing, Strikes, forgiven, locked_until, struck
from countermand.vocabulary.authenticators import Method

NOON, SECOND = 1_795_233_600_000_000, 10**6
TERMS = LockoutTerms()
DAY = 24 * 3600 * SECOND


def fresh(standing: Standing) -> Strikes:
    """No wrong answer yet."""
    return Strikes(account="a-1", method=Method.SMS, standing=standing)


def guessed(strikes: Strikes, pauses: list[int]) -> tuple[Strikes, int, int]:
    """A guesser who answers wrongly as often as they may, after each pause: what they got, and until when."""
    now, tried = NOON, 0
    for pause in pauses:
        now += pause * SECOND
        if locked_until(strikes, now) is None:
            strikes, tried = struck(strikes, now, TERMS), tried + 1
    return strikes, tried, now


def test_the_first_wrong_answers_are_free_and_then_each_wait_doubles():
    """30, 60, 120 seconds …, and never more than an hour for the owner."""
    strikes, waits = fresh(Standing.KNOWN), []
    for _ in range(14):
        now = max(NOON, strikes.locked_until)
        strikes = struck(strikes, now, TERMS)
        waits.append(max(0, strikes.locked_until - now) // SECOND)
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@given(pauses=st.lists(st.integers(0, 7200), max_size=300))
def test_guesses_in_a_day_are_few(pauses):
    """However they are timed, a stranger has 20 tries in any window of a day, 40 in any two."""
    _, tried, end = guessed(fresh(Standing.STRANGER), pauses)
    assert tried <= TERMS.stranger_max * (1 + (end - NOON) // DAY)


@given(pauses=st.lists(st.integers(0, 7200), max_size=300))
def test_strangers_never_lock_out_the_owner(pauses):
    """Their wrong answers are counted apart, so the owner's budget is whole whatever they do."""
    strangers, _, now = guessed(fresh(Standing.STRANGER), pauses)
    assert strangers.standing is Standing.STRANGER
    owner = fresh(Standing.KNOWN)
    for _ in range(TERMS.known_free):
        assert locked_until(owner, now) is None
        owner = struck(owner, now, TERMS)
    assert locked_until(owner, now) is None


@given(pauses=st.lists(st.integers(0, 100_000), max_size=200))
def test_the_cap_holds_for_both_together(pauses):
    """All answers to one method together stay below the overall cap in any day."""
    tried = [guessed(fresh(standing), pauses)[1] for standing in Standing]
    days = 1 + sum(pauses) // 86400
    assert sum(tried) <= TERMS.overall_max * days


def test_a_right_answer_clears_the_owners_slate_only():
    """A stranger who guessed right once does not get new guesses by it."""
    for standing, left in ((Standing.KNOWN, 0), (Standing.STRANGER, 3)):
        strikes = fresh(standing)
        for _ in range(3):
            strikes = struck(strikes, NOON, TERMS)
        assert forgiven(strikes).failures == left


def test_after_a_day_the_count_begins_again():
    """The window ends, and with it the lock."""
    strikes = fresh(Standing.STRANGER)
    for _ in range(TERMS.stranger_max):
        strikes = struck(strikes, NOON, TERMS)
    assert locked_until(strikes, NOON + DAY - 1) is not None
    assert locked_until(strikes, NOON + DAY) is None
    assert struck(strikes, NOON + DAY, TERMS).failures == 1
