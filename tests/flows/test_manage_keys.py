"""Goal: a key opens what it says, and nothing any more once revoked. Method: two servers, one database."""

from __future__ import annotations

import pytest

from countermand.flows.manage_keys import create_key, list_keys, revoke_key
from countermand.kernel.clock import MICROS_PER_SECOND, ManualClock
from countermand.kernel.errors import (
    BadRequest,
    Conflict,
    CountermandError,
    Forbidden,
    NotFound,
    Unauthenticated,
)
from countermand.vocabulary.staff import Role
from flows.desks import seconds_until, server


def good(house, text, scope="decide") -> bool:
    """Whether the server lets this key in."""
    try:
        house.keys.check(text, scope)
    except Unauthenticated:
        return False
    return True


async def test_a_key_opens_its_scopes_and_no_other(database_dsn):
    """The record comes back for a scope it has; another scope is forbidden, another secret unknown."""
    async with server(database_dsn) as house:
        record, text = await create_key(house, "core-banking", ["decide", "contain", "decide"], "cli")

        assert house.keys.check(text, "decide") == record
        assert record.scopes == ("contain", "decide")
        with pytest.raises(Forbidden) as forbidden:
            house.keys.check(text, "admin")
        assert forbidden.value.code == "missing_scope"


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t + "x", lambda _: "", lambda _: "cm_", str.upper]
)
async def test_a_wrong_key_is_unknown(database_dsn, spoil):
    """Anything but the very text is refused with the same words."""
    async with server(database_dsn) as house:
        _, text = await create_key(house, "core", ["decide"], "cli")
        with pytest.raises(Unauthenticated) as caught:
            house.keys.check(spoil(text), "decide")

    assert caught.value.code == "unknown_key"
    assert caught.value.details == {}


async def test_another_server_knows_and_forgets_a_key_within_a_second(database_dsn):
    """A key made and revoked by one process is good and refused in the other, by notice."""
    async with server(database_dsn) as office, server(database_dsn) as door:
        _, text = await create_key(office, "core", ["decide"], "cli")
        assert await seconds_until(lambda: good(door, text), 1.0) < 1.0

        await revoke_key(office, "core", "cli")
        assert not good(office, text)
        assert await seconds_until(lambda: not good(door, text), 1.0) < 1.0


async def test_a_lost_notice_is_made_good(database_dsn):
    """When the listening connection is cut, the server listens again and reads what it missed."""
    async with server(database_dsn) as office, server(database_dsn, refresh_seconds=0.2) as door:
        _, text = await create_key(office, "core", ["decide"], "cli")
        await seconds_until(lambda: good(door, text), 1.0)
        import asyncpg

        owner = await asyncpg.connect(database_dsn)
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await owner.execute("UPDATE api_key SET revoked_at = now()")
        await owner.close()

        assert await seconds_until(lambda: not good(door, text), 3.0) < 3.0


async def test_only_a_digest_is_kept_and_the_journal_names_no_secret(database_dsn):
    """Neither the table nor the journal holds the text of a key; both facts name its id."""
    async with server(database_dsn) as house:
        record, text = await create_key(house, "core", ["decide"], "cli")
        await revoke_key(house, "core", "ops")
        facts = await house.journal()
        kept = str([dict(row) for row in await house.pool.fetch("SELECT * FROM api_key")])

    assert [fact["kind"] for fact in facts] == ["key.created", "key.revoked"]
    assert facts[0]["body"] == {"key": record.id, "scopes": ["decide"], "actor": "cli"}
    assert facts[1]["body"] == {"key": record.id, "actor": "ops"}
    assert text.split("_", 2)[2] not in kept + str(facts)


async def test_revoking_twice_changes_nothing(database_dsn):
    """The second revocation gives the first one's instant and writes no fact."""
    clock = ManualClock(1_800_000_000 * MICROS_PER_SECOND)
    async with server(database_dsn, clock=clock) as house:
        await create_key(house, "core", ["decide"], "cli")
        clock.advance(MICROS_PER_SECOND)
        first = await revoke_key(house, "core", "cli")
        clock.advance(MICROS_PER_SECOND)
        second = await revoke_key(house, "core", "cli")

        assert first.revoked_at == second.revoked_at == clock.at - MICROS_PER_SECOND
        assert len(await house.journal()) == 2
        assert await list_keys(house) == [second]


@pytest.mark.parametrize(
    ("name", "scopes", "error", "code"),
    [
        ("", ["decide"], BadRequest, "invalid_key_name"),
        ("a b", ["decide"], BadRequest, "invalid_key_name"),
        ("x" * 65, ["decide"], BadRequest, "invalid_key_name"),
        ("core", [], BadRequest, "unknown_scope"),
        ("core", ["decide", "everything"], BadRequest, "unknown_scope"),
        ("taken", ["decide"], Conflict, "key_name_taken"),
    ],
)
async def test_a_key_that_cannot_be_made_leaves_nothing(database_dsn, name, scopes, error, code):
    """A refusal says why in both languages; there is neither a key nor a fact."""
    async with server(database_dsn) as house:
        await create_key(house, "taken", ["decide"], "cli")
        with pytest.raises(error) as caught:
            await create_key(house, name, scopes, "cli")

        assert caught.value.code == code
        assert caught.value.text.en != caught.value.text.zh
        assert len(await house.keys.records()) == 1
        assert len(await house.journal()) == 1


async def test_revoking_an_unknown_key_says_so(database_dsn):
    """A name nobody has is not found, and nothing is written."""
    async with server(database_dsn) as house:
        with pytest.raises(NotFound) as caught:
            await revoke_key(house, "nobody", "cli")
        assert isinstance(caught.value, CountermandError)
        assert await house.journal() == []


async def test_last_use_is_noted_about_once_a_minute(database_dsn):
    """A used key gets its date with the next refresh after a minute; an unused one stays without."""
    clock = ManualClock(1_800_000_000 * MICROS_PER_SECOND)
    async with server(database_dsn, clock=clock) as house:
        _, text = await create_key(house, "used", ["decide"], "cli")
        await create_key(house, "idle", ["decide"], "cli")
        house.keys.check(text, "decide")
        await house.keys.refresh()
        before = {record.name: record.last_used_at for record in await list_keys(house)}
        clock.advance(61 * MICROS_PER_SECOND)
        await house.keys.refresh()
        after = {record.name: record.last_used_at for record in await list_keys(house)}

    assert before == {"used": None, "idle": None}
    assert after == {"used": clock.at, "idle": None}


async def test_a_personal_key_names_its_holder_and_roles(database_dsn):
    """Whoever acts at the desk is known by name, in every server; a system's key is nobody's."""
    async with server(database_dsn) as house:
        _, text = await create_key(
            house, "li-laptop", ["desk"], "cli", staff="li", roles=[Role.INVESTIGATOR, Role.AGENT]
        )
        holder = house.keys.check(text, "desk").holder
        assert (holder.name, holder.roles) == ("li", {Role.AGENT, Role.INVESTIGATOR})
        _, system = await create_key(house, "core", ["decide"], "cli")
        assert house.keys.check(system, "decide").holder is None


@pytest.mark.parametrize(
    ("scopes", "staff", "roles", "code"),
    [
        (["desk"], None, [], "staff_needed"),
        (["desk"], "li", [], "staff_needed"),
        (["decide"], "li", [Role.AGENT], "staff_needed"),
        (["desk"], "li", [Role.CONSUMER], "roles_refused"),
        (["desk"], "li", [Role.AUDITOR, Role.AGENT], "roles_refused"),
        (["desk"], "li", [Role.ADMIN, Role.APPROVER], "roles_refused"),
    ],
)
async def test_a_key_of_the_desk_is_somebodys_and_its_roles_go_together(
    database_dsn, scopes, staff, roles, code
):
    """No desk key without a person, no person without a role, and nobody watches over themselves."""
    async with server(database_dsn) as house:
        with pytest.raises(BadRequest, match=code):
            await create_key(house, "li-laptop", scopes, "cli", staff=staff, roles=roles)
