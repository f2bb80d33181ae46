"""The parts a house leans on, each on a socket of its own: they can go away, and come back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from countermand.adapters.banking.simulated.bank import Ledger, SimulatedBank
from countermand.adapters.banking.simulated.server import BankServer
from countermand.confirmation.permits import published, read_keys
from countermand.flows.house import House
from countermand.flows.keep_contacts import GivenContacts, GivenPoint, put_contacts
from countermand.kernel.clock import ManualClock
from countermand.vocabulary.notices import NoticeChannel
from flows.stage import KEPT, NOON, house_on


class Part(Protocol):
    """Something that answers, or does not."""

    address: str

    async def up(self) -> None:
        """It answers from now on, where it did before."""
        ...

    async def down(self) -> None:
        """Nobody is there any more."""
        ...


class Answerer:
    """A server that says one thing to every request, and remembers how often."""

    def __init__(self, said: bytes) -> None:
        self._said, self.asked = said, 0
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Where it is, also while it is away."""
        return f"http://127.0.0.1:{self._port}"

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        await reader.readexactly(int(length.split(b"\r\n")[0] or 0))
        self.asked += 1
        size = len(self._said)
        writer.write(f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n".encode())
        writer.write(self._said)
        await writer.drain()
        writer.close()


class Bank:
    """The simulated core banking, in a thread."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self._ledger = Ledger(folder / "ledger.jsonl", durable=False)
        self.bank = SimulatedBank(self._ledger, self._known, clock)
        self.keys: Any = dict
        self._clock, self._port = clock, 0
        self._server: BankServer | None = None

    @property
    def address(self) -> str:
        """Where it is, also while it is away."""
        return f"http://127.0.0.1:{self._port}"

    async def up(self) -> None:
        self._server = BankServer(("127.0.0.1", self._port), self.bank, self._known, self._clock)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def _known(self) -> Any:
        return self.keys()

    async def down(self) -> None:
        assert self._server is not None
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()


@dataclass
class PartStage:
    """A house with core banking, a relying party and an SMS gateway."""

    house: House
    clock: ManualClock
    parts: dict[str, Part]
    tables: Any

    async def states(self) -> dict[str, set[str]]:
        """Where the effects of each port stand."""
        rows = await self.tables.fetch("SELECT port, state FROM effect")
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["port"], set()).add(row["state"])
        return found


@asynccontextmanager
async def part_stage(dsn: str, clock: ManualClock, folder: Path, tables: Any) -> AsyncIterator[PartStage]:
    """All of them up; the holder of a-1 is reached by SMS."""
    bank, party, gateway = Bank(folder, clock), Answerer(b""), Answerer(b"0: Accepted for delivery")
    parts: dict[str, Part] = {"banking": bank, "sessions": party, "notices.sms": gateway}
    for part in parts.values():
        await part.up()
    receivers = folder / "receivers.json"
    receivers.write_text(json.dumps([{"name": "app", "logout": f"{party.address}/", "audience": "app"}]))
    where = {"banking": bank.address, "session_receivers": receivers, "data_dir": KEPT}
    async with house_on(dsn, clock, **where, sms_gateway_url=f"{gateway.address}/?username=us") as house:
        known = read_keys(published(house.permit_keys))
        bank.keys = lambda: known
        point = GivenPoint(NoticeChannel.SMS, "+8613800000001", NOON)
        await put_contacts(house, "a-1", GivenContacts([point], "zh", "Asia/Shanghai", None), "test")
        try:
            yield PartStage(house, clock, parts, tables)
        finally:
            for part in parts.values():
                await part.down()
            bank.close()
