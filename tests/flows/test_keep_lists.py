"""Goal: an entry counts from its commit to its expiry, everywhere. Method: two servers, one database."""

from __future__ import annotations

import pytest

from countermand.flows.keep_lists import add_entry, entries, remove_entry
from countermand.kernel.clock import MICROS_PER_SECOND, ManualClock
from countermand.kernel.errors import BadRequest, NotFound
from flows.desks import seconds_until, server

START = 1_800_000_000 * MICROS_PER_SECOND  # 2027-01-15T08:00:00Z
NEXT_DAY = "2027-01-16T08:00:00Z"
DAY = 86_400 * MICROS_PER_SECOND


def entry(**changed):
    """A complete entry, with some parts changed."""
    whole = {
        "list": "mule_payees",
        "value": "c-9",
        "source": "police circular 7",
        "reason": "reported twice",
        "expires_at": NEXT_DAY,
        "actor": "cli",
    }
    return whole | changed


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"source": None}, "list_entry_incomplete"),
        ({"reason": "  "}, "list_entry_incomplete"),
        ({"expires_at": None}, "list_entry_incomplete"),
        ({"expires_at": "2027-01-15T08:00:00Z"}, "list_entry_expired"),
        ({"expires_at": "2020-01-01T00:00:00+08:00"}, "list_entry_expired"),
        ({"expires_at": "2028-01-01T00:00:00"}, "list_entry_invalid"),
        ({"expires_at": "tomorrow"}, "list_entry_invalid"),
        ({"value": ""}, "list_entry_invalid"),
        ({"value": "x" * 257}, "list_entry_invalid"),
        ({"source": "a\nb"}, "list_entry_invalid"),
        ({"list": "Mules"}, "list_name_invalid"),
    ],
)
async def test_an_entry_without_source_reason_or_future_end_is_refused(database_dsn, changed, code):
    """Nobody is listed without knowing by whom, why and how long; the refusal is coded and bilingual."""
    async with server(database_dsn, clock=ManualClock(START)) as house:
        with pytest.raises(BadRequest) as caught:
            await add_entry(house, **entry(**changed))

        assert caught.value.code == code
        assert caught.value.text.zh != caught.value.text.en
        assert not house.lists.contains("mule_payees", "c-9", START)
        assert await house.journal() == []


async def test_an_entry_counts_until_its_expiry(database_dsn):
    """The last microsecond before the expiry counts, the expiry itself does not."""
    async with server(database_dsn, clock=ManualClock(START)) as house:
        added = await add_entry(house, **entry())

        assert added["active"] is True
        assert added["replaced"] is False
        assert house.lists.contains("mule_payees", "c-9", START + DAY - 1)
        assert not house.lists.contains("mule_payees", "c-9", START + DAY)
        assert not house.lists.contains("mule_payees", "c-8", START)
        assert not house.lists.contains("others", "c-9", START)


async def test_another_server_sees_additions_renewals_and_removals(database_dsn):
    """Each change reaches the other process' memory within a second, without a restart."""
    clock = ManualClock(START)
    async with server(database_dsn, clock=clock) as office, server(database_dsn, clock=clock) as door:
        await add_entry(office, **entry())
        await seconds_until(lambda: door.lists.contains("mule_payees", "c-9", START), 1.0)

        renewed = await add_entry(office, **entry(expires_at="2027-02-15T08:00:00Z"))
        assert renewed["replaced"] is True
        await seconds_until(lambda: door.lists.contains("mule_payees", "c-9", START + 2 * DAY), 1.0)

        await add_entry(office, **entry(value="c-10"))
        await remove_entry(office, "mule_payees", "c-9", "cli")
        await seconds_until(lambda: not door.lists.contains("mule_payees", "c-9", START), 1.0)
        await seconds_until(lambda: door.lists.contains("mule_payees", "c-10", START), 1.0)


async def test_facts_say_that_and_not_what_was_listed(database_dsn):
    """The journal names the list, never the value, the source or the reason."""
    async with server(database_dsn, clock=ManualClock(START)) as house:
        await add_entry(house, **entry(value="13800138000"), trace="t-1")
        await remove_entry(house, "mule_payees", "13800138000", "cli")
        facts = await house.journal()

    assert [fact["kind"] for fact in facts] == ["list.entry_added", "list.entry_removed"]
    assert facts[0]["trace_id"] == "t-1"
    for secret in ("13800138000", "police", "reported"):
        assert secret not in str(facts)


async def test_removing_what_is_not_listed_says_so(database_dsn):
    """Nothing to remove is not found, and leaves no fact."""
    async with server(database_dsn, clock=ManualClock(START)) as house:
        with pytest.raises(NotFound) as caught:
            await remove_entry(house, "mule_payees", "c-9", "cli")
        assert caught.value.code == "list_entry_unknown"
        assert await house.journal() == []


async def test_entries_are_shown_by_page_with_those_expired(database_dsn):
    """Pages follow each other by value; an expired entry is still shown, as not active."""
    clock = ManualClock(START)
    async with server(database_dsn, clock=clock) as house:
        for number in range(5):
            await add_entry(house, **entry(value=f"c-{number}"))
        clock.advance(2 * DAY)
        first = await entries(house, "mule_payees", entries_max=3)
        rest = await entries(house, "mule_payees", after=first[-1]["value"])

    assert [one["value"] for one in first + rest] == [f"c-{number}" for number in range(5)]
    assert {one["active"] for one in first + rest} == {False}
    assert first[0]["expires_at"] == "2027-01-16T08:00:00.000000Z"


async def test_a_long_list_is_read_whole(database_dsn):
    """Entries written by others in bulk all arrive, across pages; so does their going away."""
    async with server(database_dsn, refresh_seconds=0.1) as house:
        await house.pool.execute(
            "INSERT INTO list_entry SELECT 'bulk', 'v-' || n, 's', 'r', now() + interval '1 day', now(), 'x'"
            " FROM generate_series(1, 5000) AS n"
        )
        await seconds_until(lambda: house.lists.size("bulk") == 5000, 2.0)
        await house.pool.execute("DELETE FROM list_entry WHERE value <> 'v-77'")
        await seconds_until(lambda: house.lists.size("bulk") == 1, 2.0)

        assert house.lists.contains("bulk", "v-77", house.clock.now())
