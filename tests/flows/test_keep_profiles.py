"""Goal: a profile is kept whole, and decisions see every change. Method: real rows, guards and locks."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from countermand.flows.keep_profiles import put_profile, show_profile
from countermand.kernel.errors import BadRequest, NotFound
from countermand.vocabulary.parties import AccountProfile, read_profile
from countermand.work import gate_of
from flows.desks import seconds_until, server

WHOLE = {
    "type": "basic",
    "timezone": "Asia/Shanghai",
    "opened_at": "2020-05-01T00:00:00+08:00",
    "home_ips": ["2001:DB8::1", "203.0.113.7"],
    "home_places": ["CN"],
    "devices": ["d-2", "d-1", "d-2"],
    "traits": ["student"],
    "kyc_level": 2,
}


def profile(**fields) -> AccountProfile:
    """A profile as a door reads it."""
    return read_profile(msgspec.json.encode(fields))


async def test_a_profile_comes_back_as_it_was_said(database_dsn):
    """Every field survives, addresses and lists in their one form, the instant in UTC."""
    async with server(database_dsn) as house:
        put = await put_profile(house, "a-1", profile(**WHOLE), "cli")

        assert await show_profile(house, "a-1") == put
        assert put == {
            "account": "a-1",
            "guard": 1,
            "type": "basic",
            "timezone": "Asia/Shanghai",
            "opened_at": "2020-04-30T16:00:00.000000Z",
            "home_ips": ("2001:db8::1", "203.0.113.7"),
            "home_places": ("CN",),
            "devices": ("d-1", "d-2"),
            "traits": ("student",),
            "kyc_level": 2,
            "frozen": None,
            "orders": [],
        }


async def test_unknown_and_empty_stay_apart(database_dsn):
    """Null is unknown, an empty list is known to be empty; a later profile replaces both."""
    async with server(database_dsn) as house:
        first = await put_profile(house, "a-1", profile(devices=[], traits=None), "cli")
        second = await put_profile(house, "a-1", profile(traits=[]), "cli")

    assert (first["devices"], first["traits"]) == ((), None)
    assert (second["devices"], second["traits"]) == (None, ())


async def test_every_change_moves_the_guard_and_an_equal_profile_does_not(database_dsn):
    """The guard grows by one with each change; saying the same again is no change and no fact."""
    async with server(database_dsn) as house:
        guards = [
            (await put_profile(house, "a-1", profile(kyc_level=level), "cli"))["guard"]
            for level in (1, 2, 2, 3)
        ]
        facts = await house.journal()

    assert guards == [1, 2, 2, 3]
    assert [fact["body"]["guard"] for fact in facts] == [1, 2, 3]


async def test_the_fact_names_a_random_handle_and_no_value(database_dsn):
    """The journal says that a profile changed and which fields are known, about a handle."""
    async with server(database_dsn) as house:
        await put_profile(house, "a-1", profile(**WHOLE), "cli", trace="t-9")
        (fact,) = await house.journal()
        handle = await house.pool.fetchval("SELECT handle FROM account WHERE id = 'a-1'")

    assert (fact["kind"], fact["subject"], fact["trace_id"]) == ("account.profiled", handle, "t-9")
    for secret in ("a-1", "203.0.113.7", "student", "d-1"):
        assert secret not in str(fact["body"])


async def test_a_profile_waits_for_decisions_of_its_gate(database_dsn):
    """While a group of decisions shares the account's gate, the profile does not change."""
    async with server(database_dsn) as house, house.pool.acquire() as decider:
        group = decider.transaction()
        await group.start()
        await decider.execute("SELECT pg_advisory_xact_lock_shared($1)", gate_of("a-1"))
        putting = asyncio.create_task(put_profile(house, "a-1", profile(kyc_level=1), "cli"))
        await asyncio.sleep(0.2)
        assert not putting.done()
        assert await house.profiles.find("a-1") is None

        await group.commit()
        assert (await putting)["guard"] == 1


@pytest.mark.parametrize(
    ("account", "fields", "code", "field"),
    [
        ("", {}, "invalid_account", "account"),
        ("a\n", {}, "invalid_account", "account"),
        ("a", {"timezone": "Mars/Olympus"}, "invalid_profile", "timezone"),
        ("a", {"timezone": "../../etc/passwd"}, "invalid_profile", "timezone"),
        ("a", {"opened_at": "2020-01-01T00:00:00"}, "invalid_profile", "opened_at"),
        ("a", {"home_ips": ["somewhere"]}, "invalid_profile", "home_ips"),
        ("a", {"home_ips": ["203.0.113.0/24"]}, "invalid_profile", "home_ips"),
        ("a", {"home_places": ["China"]}, "invalid_profile", "home_places[0]"),
        ("a", {"devices": ["d"] * 257}, "invalid_profile", "devices"),
        ("a", {"traits": [""]}, "invalid_profile", "traits[0]"),
        ("a", {"kyc_level": 101}, "invalid_profile", "kyc_level"),
        ("a", {"kyc": 1}, "invalid_profile", "kyc"),
    ],
)
async def test_a_profile_that_cannot_be_is_refused(database_dsn, account, fields, code, field):
    """Each refusal names the field; nothing is kept."""
    async with server(database_dsn) as house:
        with pytest.raises(BadRequest) as caught:
            await put_profile(house, account, profile(**fields), "cli")

        assert (caught.value.code, caught.value.details["field"]) == (code, field)
        assert await house.journal() == []


async def test_an_unknown_account_is_not_found(database_dsn):
    """Nothing is known about an account nobody spoke of."""
    async with server(database_dsn) as house:
        with pytest.raises(NotFound) as caught:
            await show_profile(house, "a-1")
    assert caught.value.code == "unknown_account"


async def test_the_population_answers_as_sql_would(database_dsn):
    """IN over all profiles is true, false, or unknown where some profile has nothing recorded."""
    async with server(database_dsn, refresh_seconds=0.2) as house:
        population = house.population

        async def sql(column: str, value: str) -> bool | None:
            return await house.pool.fetchval(
                f"SELECT $1 IN (SELECT x FROM account LEFT JOIN unnest({column}) AS x ON TRUE"
                f" WHERE {column} IS NULL OR x IS NOT NULL)",
                value,
            )

        async def agree(answers: tuple[bool | None, ...]) -> None:
            def asked() -> tuple[bool | None, ...]:
                return (
                    population.ip_in_any_home("203.0.113.7"),
                    population.ip_in_any_home("203.0.113.8"),
                    population.device_in_any_profile("d-1"),
                    population.device_in_any_profile("d-9"),
                )

            await seconds_until(lambda: asked() == answers, 4.0)
            assert answers == (
                await sql("home_ips", "203.0.113.7"),
                await sql("home_ips", "203.0.113.8"),
                await sql("devices", "d-1"),
                await sql("devices", "d-9"),
            )

        await agree((False, False, False, False))
        await put_profile(house, "a-1", profile(home_ips=["203.0.113.7"], devices=[]), "cli")
        await agree((True, False, False, False))
        await put_profile(house, "a-2", profile(devices=["d-1"]), "cli")
        await agree((True, None, True, False))


async def test_a_population_that_is_not_kept_knows_nothing(database_dsn):
    """Without the flag every answer is unknown, and nothing is read."""
    from countermand.adapters.postgres.profiles import PostgresPopulation

    async with server(database_dsn) as house:
        await put_profile(house, "a-1", profile(home_ips=["203.0.113.7"]), "cli")
        population = PostgresPopulation(house.pool, kept=False)
        await population.refresh()

        assert population.ip_in_any_home("203.0.113.7") is None
        assert population.device_in_any_profile("d-1") is None
