"""Notices of an honest house in memory: nobody is reached, and nobody was told anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from countermand.app.files import read_confirmation_pack
from countermand.confirmation.pack import read_agreements
from countermand.flows.address_book import AddressBook
from countermand.flows.gateway_doors import GatewayDoors
from countermand.flows.send_notices import Post
from countermand.flows.use_of_data import NoticeConsents
from countermand.kernel.clock import Clock
from countermand.kernel.readability import obscurities
from countermand.oversight.notice_pack import read_notice_pack
from countermand.vocabulary.notices import Notice, Sending


class FakeVault:
    """Seals nothing."""

    def seal(self, plain: bytes, context: str) -> bytes:
        return plain

    def open(self, sealed: bytes, context: str) -> bytes:
        return sealed

    def mac_key(self, purpose: str) -> bytes:
        return purpose.encode().ljust(32, b".")


class FakeContacts:
    """Nobody has an address, whatever is put."""

    async def of(self, account: str) -> None:
        return None

    lock = of

    async def put(self, contacts: Any, now: int) -> None:
        return None

    async def remove(self, account: str) -> bool:
        return False

    async def accounts_at(self, channel: Any, key: bytes) -> list[str]:
        return []


class FakeNotices:
    """Nothing was sent."""

    async def id_of(self, seq: int) -> None:
        return None


class FakeNoticeShelf:
    """Nothing was told."""

    async def after(self, account: str, seq: int, count_max: int) -> list[Notice]:
        return []

    async def before(self, account: str, seq: int, count_max: int) -> list[Notice]:
        return []

    async def sendings(self, notices: Collection[str]) -> Sequence[Sending]:
        return []

    async def texted(self, point: bytes, kinds: Collection[str], since: int, now: int) -> list[Notice]:
        return []

    async def revocable(self, accounts: Collection[str]) -> list[str]:
        return []


def fake_post(works: Any, clock: Clock) -> Post:
    """The post of a house that reaches nobody, with the words that the product comes with."""
    vault, files = FakeVault(), read_confirmation_pack("cn-consumer-finance")
    return Post(
        works=works,
        addresses=AddressBook(vault),
        pack=read_notice_pack(files, obscurities),
        consents=NoticeConsents(agreements=read_agreements(files)),
        channels=frozenset(),
        doors=GatewayDoors(vault, None),
        clock=clock,
    )
