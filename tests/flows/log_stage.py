"""A stage for the log: a journal to write in, a signer with files of its own, and a sealer between them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from countermand.adapters.postgres.seal_store import PostgresSealStore
from countermand.adapters.signers.files import SignerFiles, signer_files
from countermand.flows.log_ports import SealTerms
from countermand.flows.seal_log import Sealer
from countermand.flows.sign_log import Signer
from countermand.flows.turn_log import Sealing
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.signing import Ask, Reply

BASE = "bank.example/countermand/main"
TERMS = SealTerms(base=BASE, rows_max=200)
WRITE = "INSERT INTO journal (at, kind, subject, body, trace_id) VALUES (now(), $1, $2, $3, $4) RETURNING seq"
MANY = (
    "INSERT INTO journal (at, kind, body) SELECT now(), $1, $2 FROM generate_series(1, $3::int) RETURNING seq"
)


class SignerHere:
    """The signer in this process; what it was asked stays visible."""

    def __init__(self, files: SignerFiles, clock: ManualClock) -> None:
        self.signer = Signer(files, clock)
        self.asked: list[Ask] = []

    async def ask(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        return self.signer.answer(ask)


@asynccontextmanager
async def sealing_on(
    dsn: str, state: Path, clock: ManualClock, terms: SealTerms = TERMS
) -> AsyncIterator[Sealing]:
    """The one who seals, with a signer whose files lie in a folder."""
    store = PostgresSealStore(dsn)
    await store.open()
    try:
        assert await store.take_place()
        with signer_files(state) as files:
            yield Sealing(store, SignerHere(files, clock), clock, terms)
    finally:
        await store.close()


async def write(
    tables: Any, count: int, case: str | None = None, kind: str = "case.changed", **more: Any
) -> list[int]:
    """Lines of the journal, in one transaction."""
    body = {**({} if case is None else {"case": case}), **more}
    text = json.dumps(body, ensure_ascii=False)
    rows = await tables.fetch(MANY, kind, text, count)
    return [row[0] for row in rows]


async def seal_all(sealer: Sealer) -> None:
    """Seal and sign all there is."""
    while await sealer.sweep():
        pass
    if sealer.size > sealer.signed_size:
        await sealer.sign()


async def facts_in_log(tables: Any) -> list[int]:
    """The facts that count, in the order of the log."""
    rows: Iterable[Any] = await tables.fetch(
        "SELECT e.fact FROM log_entry e JOIN log_shard s ON s.id = e.shard "
        "WHERE s.closed_size IS NULL OR e.index < s.closed_size ORDER BY e.shard, e.index"
    )
    return [row[0] for row in rows]


async def facts_in_journal(tables: Any) -> list[int]:
    """Every line of the journal."""
    return [row[0] for row in await tables.fetch("SELECT seq FROM journal ORDER BY seq")]
