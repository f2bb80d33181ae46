"""Goal: a notice takes the ways it should, its words keep the rules, and a reply means what was meant.

Method: tables, and laws over generated contacts, times and texts; the shipped pack is read as it is.
"""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.app.files import read_confirmation_pack
from countermand.kernel.clock import moment_of
from countermand.kernel.errors import SetupError
from countermand.kernel.readability import obscurities
from countermand.kernel.text import Text
from countermand.oversight.arising import arisen
from countermand.oversight.notice_pack import FILE, NoticePack, faults, read_notice_pack
from countermand.oversight.notice_words import words_of
from countermand.oversight.notices import awake_at, next_way, reachable, ways_at_once
from countermand.oversight.text_replies import Meaning, chosen, understood
from countermand.vocabulary.notices import (
    KINDS,
    PERSONAL,
    ContactPoint,
    Contacts,
    DecidedOperation,
    Notice,
    NoticeChannel,
    QuietHours,
    Urgency,
    Words,
    reply_number,
)

NOON = 1_795_233_600_000_000
HOUR = 3600 * 10**6
FILES = read_confirmation_pack("cn-consumer-finance")
PACK = read_notice_pack(FILES, obscurities)

points = st.builds(
    ContactPoint,
    channel=st.sampled_from(PERSONAL),
    address=st.text("abc", min_size=1, max_size=3),
    verified_at=st.none() | st.just(NOON),
    former_until=st.none() | st.sampled_from([NOON - 1, NOON + 1]),
)
quiets = st.none() | st.builds(QuietHours, st.times(), st.times())
contacts = st.builds(
    Contacts,
    account=st.just("a-1"),
    points=st.lists(points, max_size=6, unique_by=lambda one: (one.channel, one.address)).map(tuple),
    timezone=st.sampled_from(["Asia/Shanghai", "America/New_York", "UTC"]),
    quiet=quiets,
)
channels = st.frozensets(st.sampled_from(NoticeChannel))


@given(contacts, channels)
def test_a_security_notice_leaves_now_by_two_ways_where_there_are_two(
    known: Contacts, here: frozenset
) -> None:
    """Whatever the hour; by two channels if two lead to the customer; never to an unverified address."""
    ways = ways_at_once(Urgency.SECURITY, known, here, NOON)
    assert all(way.due_at == NOON for way in ways)
    told = [way.point for way in ways if way.point is not None]
    assert all(point.verified_at is not None or point.former_until is not None for point in told)
    current = [point for point in told if point.former_until is None]
    able = reachable(known, here)
    assert len(current) == min(2, len(able))
    if len({point.channel for point in able}) > 1:
        assert len({point.channel for point in current}) == 2
    assert len(set(told)) == len(told)


@given(contacts, channels)
def test_a_service_notice_takes_one_way_and_wakes_nobody(known: Contacts, here: frozenset) -> None:
    """The preferred one, outside the quiet hours; former addresses hear nothing."""
    ways = [way for way in ways_at_once(Urgency.SERVICE, known, here, NOON) if way.point is not None]
    assert [way.point for way in ways] == reachable(known, here)[:1]
    for way in ways:
        assert way.due_at == awake_at(known.quiet, known.timezone, NOON)


@given(contacts, channels, st.sampled_from(Urgency))
def test_falling_back_ends(known: Contacts, here: frozenset, urgency: Urgency) -> None:
    """Each address is tried once, in order, and then there is nothing left."""
    tried: list[ContactPoint] = []
    while (way := next_way(urgency, known, here, tried, NOON)) is not None:
        assert way.point is not None
        tried.append(way.point)
    assert tried == reachable(known, here)


@given(quiets, st.integers(0, 48 * 60))
def test_awake_is_awake(quiet: QuietHours | None, minutes: int) -> None:
    """The instant is not in the quiet hours, and less than a day away."""
    now = NOON + minutes * 60 * 10**6
    at = awake_at(quiet, "Asia/Shanghai", now)
    assert now <= at < now + 24 * HOUR
    assert awake_at(quiet, "Asia/Shanghai", at) == at
    if at > now and quiet is not None:
        assert moment_of(at).astimezone(ZoneInfo("Asia/Shanghai")).time() == quiet.ends


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_said(kind: str) -> None:
    """No mark stays open, in either language, with all the values there may be; an SMS has no link."""
    values = {
        "operation": "op-1", "kind": "transfer", "amount_minor": 100, "currency": "CNY", "counterparty": "p",
        "until": NOON + HOUR, "at": NOON, "outcome": "hold", "needs": ["approval"], "method": "totp",
        "reason": {"en": "A new place", "zh": "陌生地点"}, "purpose": "marketing", "recipient": "Partner",
        "review_until": "2026-12-21T04:00:00Z", "case": "4829 1035 7716", "agent": "8027",
        "promise": {"en": "We speak to you again", "zh": "我们再次联系您"}, "name": "Old phone",
    }  # fmt: skip
    notice = Notice(
        id="n", kind=kind, account="a-1", person=None, values=values, urgency=Urgency.SECURITY, at=NOON
    )
    words = words_of(notice, PACK, "Asia/Shanghai", NOON)
    for text in (words.title, words.text, words.sms):
        assert "{" not in text.en + text.zh
        assert "not known" not in text.en
        assert "未知" not in text.zh
    assert "http" not in words.sms.en + words.sms.zh


@given(
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(["at", "until", "kind", "reason", "needs"]), st.none() | st.text() | st.integers()
    ),
)
def test_whatever_the_values_somebody_is_told_something(kind: str, values: dict) -> None:
    """A story that puts odd values does not stop the notice."""
    notice = Notice(
        id="n", kind=kind, account="a", person=None, values=values, urgency=Urgency.SECURITY, at=NOON
    )
    assert words_of(notice, PACK, "UTC", NOON).sms.zh


GOOD = PACK.words["new_device"]


@pytest.mark.parametrize(
    ("sms", "fault"),
    [
        (
            "Stopped. Still works: paying. Not you? Open the official app yourself: https://x.example",
            "no link",
        ),
        ("Works as ever. Not you? Open the official app yourself at bank.cn", "no link"),
        ("Works as ever. Not you? Open the official app yourself. Send us the code", "secret"),
        ("Works as ever. Open the official app yourself.", "not me"),
        ("Works as ever. Not you? Call.", "not me"),
        ("Stopped. Not you? Open the official app yourself.", "still works"),
        ("Works as ever. Not you? Open the official app yourself. {mark}", "no mark"),
        ("Works as ever. It was you who did it. Not you? Open the official app yourself.", "blames"),
        ("Works as ever. Not you? Open the official app yourself. " + "x" * 460, "longer"),
    ],
)
def test_words_that_break_a_rule_are_found(sms: str, fault: str) -> None:
    """Each rule of an SMS, broken once."""
    broken = Words(title=GOOD.title, text=GOOD.text, sms=Text(en=sms, zh=GOOD.sms.zh))
    assert any(fault in en for _, en, _ in faults(broken, obscurities))
    assert faults(GOOD, obscurities) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("  new_device:\n", "  old_device:\n", "new_device"),
        ("tell: unusual_login", "tell: nonsense", "arises"),
        ("{watched: true, tell", "{tell", "arises"),
        ("title: {en: A test", "title: {en: '{x}'", "test"),
    ],
)
def test_a_pack_that_breaks_a_rule_is_refused(old: str, new: str, where: str) -> None:
    """With the place of what is wrong; the shipped one passes."""
    files = {FILE: FILES[FILE].replace(old, new)}
    with pytest.raises(SetupError, match="notice_pack_refused") as refused:
        read_notice_pack(files, obscurities)
    assert where in refused.value.details["where"]


@pytest.mark.parametrize(
    ("text", "meaning", "number"),
    [
        ("N 4156", Meaning.REVOKE, "4156"), ("n4156", Meaning.REVOKE, "4156"),
        ("Ｎ　４１５６。", Meaning.REVOKE, "4156"),
        ("不是我 4156", Meaning.REVOKE, "4156"), ("撤销4156", Meaning.REVOKE, "4156"),
        ("4156 N", Meaning.REVOKE, "4156"),
        ("not me", Meaning.REVOKE, None), ("N", Meaning.REVOKE, None), ("Y 4156", Meaning.UNCLEAR, None),
        ("4156", Meaning.UNCLEAR, None), ("N 41 56", Meaning.UNCLEAR, None), ("N 415", Meaning.UNCLEAR, None),
        ("N 4156 4157", Meaning.UNCLEAR, None), ("", Meaning.UNCLEAR, None),
        ("是我 4156", Meaning.UNCLEAR, None),
        ("I did not do this N 4156", Meaning.UNCLEAR, None),
    ],
)  # fmt: skip
def test_a_reply_means_what_was_meant(text: str, meaning: Meaning, number: str | None) -> None:
    """Only a word for no, alone or with one number of four digits."""
    reply = understood(text)
    assert (reply.meaning, reply.number) == (meaning, number)


@given(st.text(max_size=1000))
def test_any_reply_is_understood_or_is_not(text: str) -> None:
    """Nothing breaks it, and a number it found has four digits."""
    reply = understood(text)
    assert reply.number is None or len(reply.number) == 4


@given(st.lists(st.text("abc0", min_size=1, max_size=4), unique=True, max_size=6))
def test_what_is_ambiguous_is_never_chosen(operations: list[str]) -> None:
    """One operation or none: never another than the number says."""
    alone = chosen(understood("N"), operations)
    assert (alone is not None) == (len(operations) == 1)
    for operation in operations:
        found = chosen(understood(f"N {reply_number(operation)}"), operations)
        assert found in (operation, None)
    assert chosen(understood("hello"), operations) is None


def held(seconds: int, *needs: str) -> dict:
    """The times and needs of a hold."""
    return {"held_at": NOON, "until": NOON + seconds, "expires_at": NOON + HOUR, "needs": needs}


def decided(
    kind: str,
    outcome: str = "allow",
    *,
    duty: str | None = None,
    rule: str = "x",
    before: str | None = None,
    watched: bool = False,
    **hold: object,
) -> DecidedOperation:
    """A decision on a record."""
    body = {"id": "op-1", "kind": kind, "account": "a-1", "occurred_at": "2026-11-21T04:00:00Z"}
    reasons = [{"rule": rule, "text": {"en": "A new place", "zh": "陌生地点"}, "values": {}}]
    if before is not None:
        reasons.insert(0, {"rule": before, "text": {"en": "Something else", "zh": "其他"}, "values": {}})
    decision = {
        "id": "d-1", "outcome": outcome, "score": 0, "reasons": reasons, "unknown": [], "counterfactual": [],
        "obligations": [] if duty is None else [{"kind": duty}], "policy": "p@1", "decided_at": "",
    }  # fmt: skip
    answer = msgspec.json.encode({"operation": "op-1", "decision": decision})
    held = {"held_at": None, "until": None, "expires_at": None, "needs": (), **hold}
    return DecidedOperation(
        1, "op-1", "a-1", kind, NOON, msgspec.json.encode(body), answer, None, None, watched, **held
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (decided("login"), None),
        (decided("payment"), None),
        (decided("login", duty="notify_customer", rule="login-new-place"), "new_place_login"),
        (decided("login", duty="notify_customer", rule="dormant-login"), "unusual_login"),
        (decided("login", rule="login-new-place"), None),
        (decided("payment", "deny", duty="notify_customer"), "abnormal_operation"),
        (decided("device_bind"), "new_device"),
        (decided("device_bind", "deny"), None),
        (decided("contact_change"), "control_changed"),
        (decided("payment", watched=True), "every_operation"),
        (decided("payment", "hold", **held(HOUR)), "hold_placed"),
        (decided("payment", "challenge", **held(0, "challenge")), None),
        (decided("payment", "approve", **held(0, "approval")), "approval_status"),
    ],
)  # fmt: skip
def test_a_decision_is_told_as_what_it_is(one: DecidedOperation, kind: str | None) -> None:
    """By the shipped pack: what waits first, then what the policy obliges, then what the pack adds."""
    found = arisen(one, PACK)
    assert (None if found is None else found.kind) == kind
    assert found is None or found.id == f"{kind}-op-1"


def test_the_reason_told_is_of_the_rule_that_it_is_told_for() -> None:
    """A sign-in from a new place says so, though another rule's reason stands before it."""
    one = decided("login", "deny", duty="notify_customer", rule="login-new-place", before="account-frozen")
    found = arisen(one, PACK)
    assert found is not None
    assert found.values["reason"] == {"en": "A new place", "zh": "陌生地点"}
    other = decided("login", "deny", duty="notify_customer", rule="dormant-login", before="account-frozen")
    told = arisen(other, PACK)
    assert told is not None
    assert told.values["reason"]["en"] == "Something else"


def test_the_shipped_pack_is_what_was_read() -> None:
    """It decodes to all kinds, and nothing in it is left unused."""
    assert set(msgspec.yaml.decode(FILES[FILE], type=NoticePack).words) == set(KINDS)
    assert awake_at(QuietHours(time(22), time(7)), "Asia/Shanghai", NOON) == NOON


def test_the_cause_chooses_the_words() -> None:
    """What was refused by a second person was not "not confirmed in time"."""
    values = {"operation": "op-1", "kind": "payment", "cause": "approval_refused"}
    refused = Notice(
        id="n", kind="hold_lapsed", account="a", person=None, values=values, urgency=Urgency.SECURITY, at=NOON
    )
    late = msgspec.structs.replace(refused, values={**values, "cause": "expired"})
    assert words_of(refused, PACK, "UTC", NOON).title.en == "Not approved: a payment"
    assert words_of(late, PACK, "UTC", NOON).title.en == "Not confirmed in time: a payment"
