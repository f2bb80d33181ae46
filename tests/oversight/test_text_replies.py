"""Goal: a reply is about what it says, or about nothing. Method: laws over all replies and notices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app.files import read_confirmation_pack
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import SMS_CHARACTERS_MAX, read_notice_pack
from countermand.oversight.text_replies import ANSWERS, BARE_SECONDS, aimed_at, understood
from countermand.vocabulary.notices import CONTAINED_BY, KINDS, REVOCABLE, Notice, Urgency, reply_number

NOON = 1_795_233_600_000_000
PACK = read_notice_pack(read_confirmation_pack("cn-consumer-finance"), obscurities)

names = st.text("abc", min_size=1, max_size=2)
notices = st.builds(
    Notice,
    id=names,
    kind=st.sampled_from(sorted(CONTAINED_BY)),
    account=st.sampled_from(["a-1", "a-2"]),
    person=st.none(),
    values=st.one_of(st.just({}), names.map(lambda name: {"operation": name})),
    urgency=st.just(Urgency.SECURITY),
    at=st.integers(0, 2 * BARE_SECONDS).map(lambda age: NOON - age * 10**6),
)


@given(st.lists(names, unique=True, max_size=3), st.lists(notices, max_size=3), st.data())
def test_a_reply_never_hits_what_it_did_not_name(
    waiting: list[str], told: list[Notice], data: st.DataObject
) -> None:
    """With a number: only what has it, and one account only. Without: only what came within the hour."""
    numbers = [reply_number(one) for one in waiting] + [one.number for one in told]
    number = data.draw(st.sampled_from([*numbers, None]))
    found = aimed_at(understood("N" if number is None else f"N {number}"), waiting, told, NOON)
    if isinstance(found, Notice):
        assert number in (None, found.number)
        assert number is not None or NOON - found.at <= BARE_SECONDS * 10**6
        rivals = {one.account for one in told if number is not None and one.number == number}
        assert rivals <= {found.account}
    elif found is not None:
        assert number in (None, reply_number(found))
    assert aimed_at(understood("yes"), waiting, told, NOON) is None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("answer", sorted(ANSWERS))
def test_answers_fit_and_hold_no_link(answer: str, language: str) -> None:
    """Three SMS at most, with the number of the helpline filled in."""
    said = getattr(ANSWERS[answer], language).replace("{helpline}", getattr(PACK.helpline, language))
    assert len(said) <= SMS_CHARACTERS_MAX[language]
    assert "://" not in said
    assert "www" not in said
    assert "{" not in said


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_sms_invites_an_answer_exactly_where_one_works(kind: str) -> None:
    """Whoever is told to reply N is heard, and whoever is heard is told."""
    heard = kind in CONTAINED_BY or kind in REVOCABLE or kind == "hold_released"
    assert ("N {number}" in PACK.words[kind].sms.en) == heard
    assert ("N {number}" in PACK.words[kind].sms.zh) == heard
