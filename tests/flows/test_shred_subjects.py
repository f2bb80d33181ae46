"""Goal: what is erased stays erased, through any restore, and what is held is not erased at all.

Method: a real house, a dump of its database and a copy of its objects, restored after the erasure.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from conftest import drop_database, execute, with_database
from countermand.adapters.postgres.binaries import find_binaries
from countermand.adapters.tombstones.file import StoneFile
from countermand.evidence.custody import Touch, fold
from countermand.evidence.exhibits import About
from countermand.evidence.holds import HoldReason
from countermand.evidence.ports import Tombstone
from countermand.evidence.sealing import data_key_of
from countermand.extensions import key_service_away
from countermand.flows.case_desk import HOLDER
from countermand.flows.committed import Label, commitments, salts_key
from countermand.flows.expire_evidence import RETENTION_TIMER, expire, retention_handler
from countermand.flows.house import House
from countermand.flows.rewrap_keys import rewrap
from countermand.flows.show_case import dossier_of
from countermand.flows.shred_subjects import lay_hold, lift_hold, shred_case
from countermand.flows.tokens import detokenise, tokenise
from countermand.flows.uploads import begin_upload
from countermand.kernel.clock import MICROS_PER_DAY, MICROS_PER_HOUR, ManualClock
from countermand.kernel.errors import BadRequest, Conflict, NotFound, SetupError, Unavailable
from countermand.vocabulary.acts import Note
from countermand.vocabulary.cases import Case
from countermand.vocabulary.reports import Attached
from countermand.vocabulary.staff import Purpose, Role
from flows.case_stage import acted, case_at, opened, somebody
from flows.evidence_stage import CARD, PNG, brought, closed, opened_raw, told
from flows.stage import NOON, house_on


async def ran(command: list[str], given: bytes = b"") -> bytes:
    """What a program of PostgreSQL's wrote."""
    done = await asyncio.to_thread(subprocess.run, command, input=given, check=True, capture_output=True)
    return done.stdout


async def bodies(dsn: str, kind: str) -> list[Any]:
    """The bodies of facts of a kind."""
    connection = await asyncpg.connect(dsn)
    await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
    rows = await connection.fetch(
        "SELECT body::jsonb AS body FROM journal WHERE kind = $1 ORDER BY seq", kind
    )
    await connection.close()
    return [row["body"] for row in rows]


async def test_what_was_shredded_stays_so_through_a_restore(
    database_dsn: str, postgres_server: str, tmp_path: Path
) -> None:
    """Dump, shred, restore, start: no key, no object, no word, no index of it; the chain ends with it."""
    clock = ManualClock(NOON)
    folder = str(find_binaries(None).folder)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        number, other = await opened(house), await opened(house, account="a-2")
        first = await somebody(house, "wang", Role.INVESTIGATOR)
        second = await somebody(house, "zhao", Role.APPROVER)
        sent, kept = await brought(house, number), await brought(house, other)
        assert sent.exhibit is not None
        assert kept.exhibit is not None
        with pytest.raises(Conflict) as held:
            await shred_case(house.room, number, "li", "request")
        assert held.value.details["holds"] == ["notice"]
        await closed(house, number)
        dumped = await ran([f"{folder}/pg_dump", database_dsn])
        shutil.copytree(tmp_path / "objects", tmp_path / "backup")
        case = await case_at(house, number)
        done = await shred_case(house.room, number, "li", "request")
        assert (len(done["keys"]), done["objects"]) == (1, 1)
        with pytest.raises(Conflict, match="exhibit_shredded"):
            await opened_raw(house, number, sent.exhibit, first, second)
        assert await opened_raw(house, other, kept.exhibit, first, second) == PNG
    shutil.rmtree(tmp_path / "objects")
    shutil.move(tmp_path / "backup", tmp_path / "objects")
    await execute(postgres_server, "CREATE DATABASE restored TEMPLATE template0")
    restored = with_database(postgres_server, "restored")
    await ran([f"{folder}/psql", "-q", restored], dumped)
    try:
        async with house_on(restored, clock, data_dir=tmp_path) as house:
            await _nothing_is_left(house, case.id, number, sent.exhibit)
            assert await opened_raw(house, other, kept.exhibit, first, second) == PNG
        assert len(await bodies(restored, "subject.shredded")) == 1
        assert await bodies(restored, "tombstones.replayed") == [{"count": 1}]
        assert len([one for one in (tmp_path / "objects").rglob("*") if one.is_file()]) == 1
    finally:
        await drop_database(postgres_server, "restored")


async def _nothing_is_left(house: Any, case: str, number: str, exhibit: str) -> None:
    async with house.works.open() as unit:
        (key,) = await unit.evidence.keys_of(case)
        assert key.wrapped is None
        (one,) = await unit.evidence.exhibits(case)
        assert (one.plain_digest, one.name, one.origin, one.standing.value) == (None, "", b"", "shredded")
        chain = await unit.evidence.custody(exhibit)
        assert fold(chain).shredded
        assert chain[-1].touch is Touch.SHREDDED
    dossier = await dossier_of(house.reception, number)
    assert {(message.masked, message.sealed) for message in dossier.messages} == {("", b"")}
    async with house.works.open() as unit:
        rows = await unit._connection.fetch("SELECT FROM message_value WHERE case_id = $1", case)
        sealed = await unit._connection.fetchval(
            "SELECT max(length(sealed)) FROM inbound WHERE case_id = $1", case
        )
    assert (rows, sealed) == ([], 0)


async def test_retention_and_holds(database_dsn: str, tmp_path: Path) -> None:
    """Ten years after its end a case goes, third parties in three; a hold keeps it; uploads go in a week."""
    clock = ManualClock(NOON)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        number = await opened(house)
        await brought(house, number)
        await brought(house, number, PNG + b"2", about=About.THIRD_PARTY)
        await begin_upload(house.room, number, told(), HOLDER)
        with pytest.raises(BadRequest, match="hold_of_notice"):
            await lay_hold(house.room, number, HoldReason.NOTICE, "x", "li")
        hold = await lay_hold(house.room, number, HoldReason.POLICE, "立案〔2026〕12号", "li")
        await closed(house, number)
        clock.advance(8 * MICROS_PER_DAY)
        assert (await expire(house.room))["uploads"] == 1
        clock.advance(1_100 * MICROS_PER_DAY)
        assert (await expire(house.room))["held"] == 1
        with pytest.raises(Conflict, match="legal_hold_binds"):
            await shred_case(house.room, number, "li", "request")
        await lift_hold(house.room, number, hold["id"], "li")
        with pytest.raises(NotFound):
            await lift_hold(house.room, number, hold["id"], "li")
        case = await case_at(house, number)
        assert (await expire(house.room))["cases"] == 1
        async with house.works.open() as unit:
            assert {key.about: key.wrapped is None for key in await unit.evidence.keys_of(case.id)} == {
                About.HOLDER: False,
                About.THIRD_PARTY: True,
            }
            chains = [
                fold(await unit.evidence.custody(one.id)) for one in await unit.evidence.exhibits(case.id)
            ]
            assert sorted(chain.shredded for chain in chains) == [False, True]
            assert all(chain.held_by == frozenset() for chain in chains)
        clock.advance(2_600 * MICROS_PER_DAY)
        assert (await expire(house.room))["cases"] == 1
        async with house.works.open() as unit:
            assert all(key.wrapped is None for key in await unit.evidence.keys_of(case.id))


async def test_the_daily_run_is_set_once_and_sets_itself_again(database_dsn: str, tmp_path: Path) -> None:
    """A house that starts anew does not put it off; when it is due, what is over its time goes."""
    clock = ManualClock(NOON)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        number = await opened(house)
        await begin_upload(house.room, number, told(), HOLDER)
        assert house.worker.begin is not None
        await house.worker.begin()
    clock.advance(8 * MICROS_PER_DAY)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        assert house.worker.begin is not None
        await house.worker.begin()
        async with house.works.open() as unit:
            due = await unit.timers.claim(RETENTION_TIMER, clock.now(), 9)
            assert [timer.due_at for timer in due] == [NOON + MICROS_PER_HOUR]
            await retention_handler(house.room)(unit, due)
        async with house.works.open() as unit:
            assert await unit.evidence.uploads_over(clock.now(), 9) == []
            (again,) = await unit.timers.claim(RETENTION_TIMER, clock.now() + MICROS_PER_DAY, 9)
            assert again.due_at == clock.now() + MICROS_PER_DAY


async def test_commitments_of_the_shredded_cannot_be_linked(database_dsn: str, tmp_path: Path) -> None:
    """Before, whoever has the item proves the entry; afterwards nobody can compute the salt again."""
    async with house_on(database_dsn, ManualClock(NOON), data_dir=tmp_path) as house:
        number = await opened(house)
        sent = await brought(house, number)
        case = await case_at(house, number)
        (captured,) = await bodies(database_dsn, "evidence.captured")
        async with house.works.open() as unit:
            key = await house.room.keys.of_case(unit, case)
        bound = commitments(salts_key(key), Label.exhibit(sent.exhibit), {"plain": PNG})
        assert captured["commit"]["plain"] == bound["commit"]["plain"]
        assert captured["commit"].keys() - {"plain"} == {f"exhibit/{sent.exhibit}"}
        (opening,) = [one for one in await bodies(database_dsn, "case.opened") if one["case"] == case.id]
        assert await opens(house, case, opening)
        assert "key" not in repr(key).replace("DataKey", "")
        await closed(house, number)
        await shred_case(house.room, number, "li", "request")
        async with house.works.open() as unit:
            with pytest.raises(Conflict, match="subject_shredded"):
                await house.room.keys.one(unit, key.id)
            again = await house.room.keys.of_case(unit, case)
        assert again.id != key.id, "what is said afterwards gets a key of its own"
        assert not await opens(house, case, opening)


async def opens(house: House, case: Case, opening: dict[str, Any]) -> bool:
    """Whether anybody who has the house can still show the number that the opening of a case binds."""
    async with house.works.open() as unit:
        keys = await house.salts.keys(unit, case)
    values = {"number": case.number}
    return any(commitments(key, Label.opened(case.id), values)["commit"] == opening["commit"] for key in keys)


async def test_words_are_sealed_under_the_key_of_their_case(database_dsn: str, tmp_path: Path) -> None:
    """Raw report, message, file and note name the data key; while its service is away the vault seals."""
    async with house_on(database_dsn, ManualClock(NOON), data_dir=tmp_path) as house:
        number = await opened(
            house, attachments=(Attached(name="a.png", media_type="image/png", content=PNG),)
        )
        li = await somebody(house, "li")
        await acted(house, number, li, Note(text="核实过"))
        case = await case_at(house, number)
        async with house.works.open() as unit:
            (key,) = await unit.evidence.keys_of(case.id)
            words = [one.sealed for one in await unit.cases.messages(case.id)]
            (kept,) = await unit.cases.files(case.id)
            words.append(await unit.cases.file_bytes(case.id, kept.id) or b"")
            words += [row["sealed"] for row in await unit._connection.fetch("SELECT sealed FROM inbound")]
        assert {data_key_of(one) for one in words} == {key.id}
        assert len(words) >= 4

        async def away(*_: Any) -> Any:
            raise key_service_away("test")

        house.room.keys.service.wrap = away  # type: ignore[method-assign]
        other = await case_at(house, await opened(house, account="a-2"))
        async with house.works.open() as unit:
            assert {data_key_of(one.sealed) for one in await unit.cases.messages(other.id)} == {None}


async def test_rotation_and_loss_of_the_key_encryption_key(database_dsn: str, tmp_path: Path) -> None:
    """A new line in the file, rewrap, the old one may go; without the right one 503 names what is missing."""
    line, clock = base64.b64encode(os.urandom(32)).decode(), ManualClock(NOON)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        number = await opened(house)
        sent = await brought(house, number)
        first = await somebody(house, "wang", Role.INVESTIGATOR)
        second = await somebody(house, "zhao", Role.APPROVER)
    old = (tmp_path / "vault.key").read_text()
    (tmp_path / "vault.key").write_text(f"{line}\n{old}")
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        keys = house.room.keys
        assert (await rewrap(house.works, keys, keys.service, "li"))["rewrapped"] == 1
        assert (await rewrap(house.works, keys, keys.service, "li"))["rewrapped"] == 0
        assert await opened_raw(house, number, sent.exhibit, first, second) == PNG
    other = base64.b64encode(os.urandom(32)).decode()
    (tmp_path / "vault.key").write_text(f"{other}\n{old}")
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        with pytest.raises(Unavailable) as lost:
            await brought(house, number, PNG + b"2")
        assert lost.value.code == "key_encryption_key_lost"
    (tmp_path / "vault.key").unlink()
    with pytest.raises(SetupError) as refused:
        async with house_on(database_dsn, clock, data_dir=tmp_path):
            pass
    assert refused.value.code == "key_encryption_key_lost"
    assert not (tmp_path / "vault.key").exists(), "no new key in its place"


async def test_a_token_is_worth_nothing_elsewhere(database_dsn: str, tmp_path: Path) -> None:
    """The same number and merchant: the same token; another merchant: another; the first opens nothing."""
    clock = ManualClock(NOON)
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        mine = await tokenise(house.room, "shop-1", "6222 0212 3456 7890 123", "pay")
        assert await tokenise(house.room, "shop-1", CARD, "pay") == mine
        theirs = await tokenise(house.room, "shop-2", CARD, "pay")
        assert theirs["token"] != mine["token"]
        assert (mine["masked"], CARD in str(mine)) == ("****0123", False)
        back = await detokenise(house.room, "shop-1", mine["token"], Purpose.TRACE_FUNDS, "pay")
        assert back["number"] == CARD
        with pytest.raises(NotFound):
            await detokenise(house.room, "shop-2", mine["token"], Purpose.TRACE_FUNDS, "pay")
        with pytest.raises(BadRequest):
            await tokenise(house.room, "shop-1", "12", "pay")
        asked = await bodies(database_dsn, "instrument.detokenised")
        assert [(one["merchant"], one["refused"]) for one in asked] == [("shop-1", False), ("shop-2", True)]
        assert len(await bodies(database_dsn, "instrument.tokenised")) == 2
        assert mine["token"] not in str(asked)
        clock.advance(800 * MICROS_PER_DAY)
        assert (await expire(house.room))["instruments"] == 2


async def test_the_tombstone_file_is_whole_or_refused(tmp_path: Path) -> None:
    """Two processes' lines stand whole; a torn end is passed over; an altered line is refused."""
    file = StoneFile(tmp_path / "stones")
    stones = [Tombstone(f"dk-{n}", "case-1", "h", n, "li", "request") for n in range(60)]
    assert file.read() == []
    await asyncio.gather(*(asyncio.to_thread(file.append, stones[n : n + 20]) for n in (0, 20, 40)))
    assert sorted(file.read()) == sorted(stones)
    text = (tmp_path / "stones").read_bytes()
    (tmp_path / "stones").write_bytes(text[:-20])
    assert len(file.read()) == 59
    file.append(stones[:1])
    assert len(file.read()) == 60
    (tmp_path / "stones").write_bytes(text.replace(b"dk-7", b"dk-8"))
    with pytest.raises(SetupError, match="tombstones_unreadable"):
        file.read()
