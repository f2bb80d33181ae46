"""Goal: papers say what the record has, in both languages, and nothing raw of anybody.

Method: one night of operations with every kind of proof, a report, and each paper read back from its bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from countermand.flows.case_papers import Paper
from flows.paper_stage import PaperStage, papers_on


@pytest.fixture
async def papers(database_dsn: str, tables: Any, tmp_path: Path) -> AsyncIterator[PaperStage]:
    """A night, a report, a case."""
    async with papers_on(database_dsn, tables, tmp_path) as opened:
        yield opened


async def test_the_authorisation_record_says_what_is_proved_and_what_is_not(papers: PaperStage) -> None:
    """Two factors with consent, a challenge nobody passed, and one that nobody was asked about."""
    files = await papers.made(Paper.AUTHORISATION_RECORD)
    data = msgspec.json.decode(files["papers/authorisation-record.json"].content)
    found = {one["operation"]: one for one in data["operations"]}
    proved, waiting, small = (found[papers.operations[name]] for name in ("proved", "waiting", "small"))
    assert [one["grade"] for one in (proved, waiting, small)] == ["strong", "no_effect", "nothing"]
    assert proved["proofs"][0]["factors"] == ["knowledge", "possession"]
    assert proved["proofs"][0]["same_device"] is True
    assert proved["consent"]["shown_sha256"]
    assert (waiting["proofs"], waiting["hold"]["state"]) == ([], "revoked")
    assert files["papers/authorisation-record.pdf"].content.startswith(b"%PDF")
