"""Goal: evidence is whole, sealed, followed at every touch, seen by whom it may, and gone when it must be.

Method: a real house on PostgreSQL; what is on disk and in the database is read without the house.
"""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from conftest import drop_database, execute, with_database
from countermand.adapters.postgres.binaries import find_binaries
from countermand.evidence.custody import Touch, fold
from countermand.extensions import scanner_away
from countermand.flows.case_desk import HOLDER
from countermand.flows.house import House
from countermand.flows.show_exhibits import Opening, accesses_of, list_exhibits, open_exhibit, view_exhibit
from countermand.flows.uploads import begin_upload, go_on, upload_at
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound, Unavailable
from countermand.vocabulary.staff import Purpose, Role, Staff
from countermand.vocabulary.vault import ScanReport
from flows.case_stage import case_at, somebody
from flows.case_stage import opened as opened_case
from flows.evidence_stage import PHONE, PNG, brought, kilobytes, opened_raw, path_of, pieces_of, told
from flows.stage import NOON, house_on

SECOND = 10**6
_numbers = itertools.count(1)


pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "evidence_room"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One house for all of them; each brings a case of its own, about an account of its own."""
    await execute(postgres_server, f"CREATE DATABASE {ROOM} TEMPLATE {database_template} STRATEGY file_copy")
    folder = tmp_path_factory.mktemp("room")
    async with house_on(with_database(postgres_server, ROOM), ManualClock(NOON), data_dir=folder) as one:
        yield one
    await drop_database(postgres_server, ROOM)


@pytest.fixture
def database_dsn(house: House, postgres_server: str) -> str:
    """Of that house."""
    return with_database(postgres_server, ROOM)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(house: House) -> tuple[Staff, Staff]:
    """Who investigates, and who agrees."""
    first = await somebody(house, "wang", Role.INVESTIGATOR)
    return first, await somebody(house, "zhao", Role.APPROVER)


async def opened(house: House) -> str:
    """The number of a case about an account of its own."""
    return await opened_case(house, account=f"a-{next(_numbers)}")


async def case_facts(dsn: str, case: str, *kinds: str) -> list[Any]:
    """The facts of these kinds about a case."""
    return [one for one in await facts(dsn, *kinds) if case in one["body"]]


async def facts(dsn: str, *kinds: str) -> list[Any]:
    """The bodies of facts of these kinds, oldest first."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT kind, body #>> '{}' AS body FROM journal WHERE kind = ANY($1) ORDER BY seq", list(kinds)
    )
    await connection.close()
    return [dict(row) for row in rows]


async def test_an_exhibit_arrives_whole_and_sealed(house: House, people: Any) -> None:
    """Hashed on arrival, named by its bytes, and nothing of it readable in folder or database."""
    number = await opened(house)
    content = kilobytes(300)
    sent = await brought(house, number, content)
    assert (sent.offset, sent.length) == (len(content), len(content))
    (one,) = (await list_exhibits(house.room, number, people[0]))["exhibits"]
    assert one["exhibit"] == sent.exhibit
    assert one["sha256"] == sha256(content).hexdigest()
    assert (one["sniffed"], one["lies"], one["scan"], one["standing"]) == (
        "image/png",
        False,
        "unscanned",
        "kept",
    )
    assert PHONE not in one["name"]
    kept = path_of(house, one)
    assert sha256(kept.read_bytes()).hexdigest() == one["object"]
    assert content[1000:1064] not in kept.read_bytes()
    async with house.works.open() as unit:
        parts = await unit._connection.fetchval("SELECT count(*) FROM upload_part")  # type: ignore[attr-defined]
    assert parts == 0, "parts of an upload that is whole are forgotten"
    assert await opened_raw(house, number, one["exhibit"], *people) == content


async def test_no_phone_number_is_found_in_a_dump(house: House, people: Any, database_dsn: str) -> None:
    """A dump of the database has neither number nor address of what was sent."""
    number = await opened(house)
    await brought(house, number, PNG + PHONE.encode())
    command = [str(find_binaries(None).folder / "pg_dump"), "--data-only", f"--dbname={database_dsn}"]
    done = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    dump = done.stdout
    assert b"COPY public.exhibit" in dump
    for secret in (PHONE, "203.0.113.7"):
        assert secret.encode() not in dump
        assert secret.encode().hex().encode() not in dump


async def test_a_cut_upload_goes_on_where_it_was(house: House, people: Any) -> None:
    """What came before the cut is safe; another offset is refused; whole, it is one exhibit."""
    number, content = await opened(house), kilobytes(700)
    begun = await begin_upload(house.room, number, told(content), HOLDER)

    async def cut() -> AsyncIterator[bytes]:
        yield content[:100_000]
        raise ConnectionError("the line is gone")

    with pytest.raises(ConnectionError):
        await go_on(house.room, begun.token, 0, cut())
    assert await upload_at(house.room, begun.token) == (100_000, len(content), None)
    for wrong in (0, 100_001):
        with pytest.raises(Conflict) as refusal:
            await go_on(house.room, begun.token, wrong, pieces_of(content[wrong:]))
        assert refusal.value.details["offset"] == 100_000
    part = await go_on(house.room, begun.token, 100_000, pieces_of(content[100_000:400_000]))
    assert (part.offset, part.exhibit) == (400_000, None)
    whole = await go_on(house.room, begun.token, 400_000, pieces_of(content[400_000:]))
    assert whole.exhibit is not None
    assert await upload_at(house.room, begun.token) == whole
    assert await opened_raw(house, number, whole.exhibit, *people) == content


async def test_an_upload_takes_no_more_than_announced(house: House) -> None:
    """Too much is refused, a length that cannot be, a token that is none, and one whose time is over."""
    number = await opened(house)
    begun = await begin_upload(house.room, number, told(length=10), HOLDER)
    with pytest.raises(BadRequest, match="upload_too_long"):
        await go_on(house.room, begun.token, 0, pieces_of(b"x" * 11))
    for length in (0, 5 * 1024**3):
        with pytest.raises(BadRequest, match="upload_length"):
            await begin_upload(house.room, number, told(length=length), HOLDER)
    with pytest.raises(NotFound):
        await upload_at(house.room, "guessed")
    house.clock.advance(8 * 86_400 * SECOND)  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        await upload_at(house.room, begun.token)


TYPES = (
    (PNG, "image/jpeg", False, True),
    (PNG, "image/png", False, False),
    (b"<html><script>alert(1)</script>", "image/png", False, True),
    (b"when,amount\n1,2\n", "text/csv", False, False),
    (b"MZ" + bytes(500), "application/pdf", True, True),
    (b"\x7fELF" + bytes(500), "application/octet-stream", True, False),
)


async def test_a_lie_about_the_type_shows(house: House, people: Any) -> None:
    """A program is refused whatever it calls itself, and nothing of it stays; any other lie is marked."""
    for content, declared, refused, lies in TYPES:
        number = await opened(house)
        if refused:
            with pytest.raises(BadRequest, match="exhibit_is_program"):
                await brought(house, number, content, declared=declared)
        else:
            await brought(house, number, content, declared=declared)
        found = (await list_exhibits(house.room, number, people[0]))["exhibits"]
        assert [one["lies"] for one in found] == ([] if refused else [lies])


async def test_every_touch_is_in_the_chain_and_in_the_journal(
    house: House, people: Any, database_dsn: str
) -> None:
    """Capture, sniff, scan, look, opening: numbered without a gap, each with who; facts name nobody."""
    number = await opened(house)
    sent = await brought(house, number)
    assert sent.exhibit is not None
    shown = await view_exhibit(house.room, number, sent.exhibit, people[0])
    assert PHONE not in str(shown)
    assert "203.0.113.7" not in str(shown)
    await opened_raw(house, number, sent.exhibit, *people)
    async with house.works.open() as unit:
        chain = await unit.evidence.custody(sent.exhibit)
    touches = [event.touch for event in chain]
    assert touches == [Touch.CAPTURED, Touch.SNIFFED, Touch.SCANNED, Touch.VIEWED, Touch.OPENED]
    assert fold(chain).opened_by == {"wang"}
    case = (await case_at(house, number)).id
    found = await case_facts(database_dsn, case, "evidence.captured", "evidence.touched")
    assert len(found) == 3
    assert sha256(PNG).hexdigest() not in str(found), "no unsalted hash of what is personal"
    assert PHONE not in str(found)


async def test_the_raw_item_takes_a_purpose_and_two_people(house: House, people: Any) -> None:
    """Not alone, not for any purpose, not with any role; and what one agreed to is no more than that."""
    number = await opened(house)
    sent = await brought(house, number)
    assert sent.exhibit is not None
    agent = await somebody(house, "chen", Role.AGENT)
    admin = await somebody(house, "sun", Role.ADMIN)
    good = Opening(purpose=Purpose.INVESTIGATE, reason="x")
    for who, wanted, code in (
        (agent, good, {"purpose_refused", "zone_closed"}),
        (admin, good, {"role_lacks_verb"}),
        (people[0], Opening(purpose=Purpose.QUALITY, reason="x"), {"purpose_refused"}),
    ):
        with pytest.raises(Forbidden) as refusal:
            await open_exhibit(house.room, number, sent.exhibit, wanted, who)
        assert refusal.value.code in code
    await opened_raw(house, number, sent.exhibit, *people)
    again = await brought(house, number, kilobytes(2))
    assert again.exhibit is not None
    assert isinstance(await open_exhibit(house.room, number, again.exhibit, good, people[0]), dict)


async def test_the_person_reads_who_looked(house: House, people: Any) -> None:
    """Covered looks and raw ones, each with purpose and who agreed; what staff list is no look."""
    number = await opened(house)
    sent = await brought(house, number)
    assert sent.exhibit is not None
    await view_exhibit(house.room, number, sent.exhibit, people[0])
    await opened_raw(house, number, sent.exhibit, *people)
    told_to_them = await accesses_of(house.room, await case_at(house, number))
    looks = [(one["by"], one["raw"], one["purpose"], one["agreed_by"]) for one in told_to_them["accesses"]]
    assert looks == [("wang", False, None, None), ("wang", True, "investigate", "zhao")]


class Scanner:
    """Knows one text as a virus, and may be away."""

    def __init__(self) -> None:
        self.here = True

    async def scan(self, pieces: AsyncIterator[bytes]) -> ScanReport:
        if not self.here:
            raise scanner_away("test")
        content = b"".join([piece async for piece in pieces])
        return ScanReport("Test.Marked" if b"marked" in content else None)


async def test_what_the_scanner_knows_is_kept_and_given_to_nobody(house: House, people: Any) -> None:
    """Quarantined, with its signature in the chain; a scanner that is away is waited for, nothing is lost."""
    scanner = Scanner()
    room = replace(house.room, scanner=scanner)
    number = await opened(house)
    scanner.here = False
    begun = await begin_upload(room, number, told(PNG + b"marked"), HOLDER)
    with pytest.raises(Unavailable, match="scanner_away"):
        await go_on(room, begun.token, 0, pieces_of(PNG + b"marked"))
    scanner.here = True
    sent = await go_on(room, begun.token, len(PNG) + 6, pieces_of(b""))
    assert sent.exhibit is not None
    shown = await view_exhibit(room, number, sent.exhibit, people[0])
    assert (shown["scan"], shown["standing"]) == ("infected", "quarantined")
    assert [one["more"] for one in shown["custody"] if one["touch"] == "quarantined"] == [
        {"signature": "Test.Marked"}
    ]
    with pytest.raises(Conflict, match="exhibit_quarantined"):
        await opened_raw(house, number, sent.exhibit, *people)


async def test_an_altered_object_is_never_given_out(house: House, people: Any) -> None:
    """One flipped byte, or a missing end, and the reading breaks off."""
    number, content = await opened(house), kilobytes(200)
    sent = await brought(house, number, content)
    assert sent.exhibit is not None
    (shown,) = (await list_exhibits(house.room, number, people[0]))["exhibits"]
    path = path_of(house, shown)
    whole = path.read_bytes()
    for altered in (whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], whole[:-70_000], whole + b"x"):
        path.write_bytes(altered)
        with pytest.raises(Conflict, match="evidence_altered"):
            await opened_raw(house, number, sent.exhibit, *people)
    path.write_bytes(whole)
    assert await opened_raw(house, number, sent.exhibit, *people) == content
