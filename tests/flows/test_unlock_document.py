"""Goal: a document that came locked is opened where its sender types the password, and both stay provable.

Method: a real house; a locked PDF sent as an exhibit, tried with other passwords, opened, tried too often.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest

from adapters.unlockers.test_unlockers import WORDS, document
from countermand.evidence.exhibits import ExhibitKind
from countermand.flows.case_desk import HOLDER
from countermand.flows.show_exhibits import accesses_of, view_exhibit
from countermand.flows.unlock_document import TRIES_AN_HOUR, unlock_document
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import CountermandError
from countermand.vocabulary.staff import Role
from flows.case_stage import case_at, somebody
from flows.case_stage import opened as opened_case
from flows.evidence_stage import brought, opened_raw
from flows.stage import SECOND, house_on


async def test_a_locked_document_is_opened_once_and_both_are_kept(
    database_dsn: str, clock: ManualClock, tmp_path: Path
) -> None:
    """Its copy is an exhibit with a chain of its own; the password is nowhere, and guessing ends."""
    locked = document("s3cret-word")
    async with house_on(database_dsn, clock, data_dir=tmp_path) as house:
        room, number = house.room, await opened_case(house, "盗刷")
        li = await somebody(house, "li", Role.INVESTIGATOR)
        wang = await somebody(house, "wang", Role.APPROVER)
        sent = await brought(house, number, locked, kind=ExhibitKind.PDF, declared="application/pdf")
        assert sent.exhibit is not None
        clock.advance(SECOND)
        with pytest.raises(CountermandError, match="wrong_document_password"):
            await unlock_document(room, number, sent.exhibit, "wrong", HOLDER)
        opened = await unlock_document(room, number, sent.exhibit, "s3cret-word", HOLDER)
        assert opened["derived_from"] == sent.exhibit
        raw = await opened_raw(house, number, opened["exhibit"], li, wang)
        assert (sha256(raw).hexdigest(), WORDS in raw) == (opened["sha256"], True)
        chain = (await view_exhibit(room, number, sent.exhibit, li))["custody"]
        assert [one["touch"] for one in chain][-3:] == ["derived", "unlocked", "viewed"]
        kept = (await accesses_of(room, await case_at(house, number)))["exhibits"]
        assert [one["sha256"] for one in kept] == [sha256(locked).hexdigest(), opened["sha256"]]
        with pytest.raises(CountermandError, match="unknown_exhibit"):
            await unlock_document(room, number, "exh-of-nobody", "any", HOLDER)
        for _ in range(TRIES_AN_HOUR - 2):
            with pytest.raises(CountermandError, match="wrong_document_password"):
                await unlock_document(room, number, sent.exhibit, "guess", HOLDER)
        with pytest.raises(CountermandError, match="too_many"):
            await unlock_document(room, number, sent.exhibit, "s3cret-word", HOLDER)
    connection = await asyncpg.connect(database_dsn)
    assert await connection.fetchval("SELECT count(*) FROM journal WHERE body::text LIKE '%s3cret%'") == 0
    await connection.close()
