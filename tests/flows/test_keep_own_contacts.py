"""Goal: a customer changes where warnings go, and nobody else can make them go nowhere.

Method: a house on a manual clock and a real database, an inbox for codes, notifiers that keep what they get.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import Any

import pytest

from countermand.flows.contact_removals import ContactDesk, removal_handler
from countermand.flows.enrolment_drafts import Enrolment
from countermand.flows.freeze_account import freeze_account
from countermand.flows.holder_proofs import Keeping
from countermand.flows.house import House
from countermand.flows.keep_contacts import remove_contacts
from countermand.flows.keep_own_contacts import (
    Manner,
    WantedAddress,
    begin_address,
    choose_manner,
    finish_address,
    remove_address,
    show_own_contacts,
    take_back_change,
)
from countermand.flows.proving import Answer, Visitor
from countermand.flows.send_codes import CODES, CodeCourier
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from countermand.vocabulary.authenticators import Method
from countermand.vocabulary.contact_changes import CONTACT_REMOVAL_TIMER
from countermand.vocabulary.notices import NoticeChannel
from flows.challenge_stage import PASSWORD, Inbox
from flows.notice_stage import MAIL, OTHER, PHONE, NoticeStage, notice_stage
from flows.staff_stage import LIGHT

HOUR = 3600
RIGHT = Answer(method=Method.PASSWORD, password=PASSWORD)


@dataclass
class Desk:
    """The stories about a-1, who has a password."""

    stage: NoticeStage
    desk: ContactDesk
    inbox: Inbox

    def asks(self, *, proof: Answer | None = RIGHT, suspect: bool = False) -> Keeping:
        """A request of the customer."""
        return Keeping(account="a-1", visitor=Visitor(), actor="test", proof=proof, suspect=suspect)

    async def shown(self) -> dict[str, Any]:
        """What the page shows."""
        return await show_own_contacts(self.desk, "a-1")

    async def key(self, address: str) -> str:
        """The key of an address, by how it is shown."""
        return next(one["key"] for one in (await self.shown())["points"] if one["address"] == address)

    async def add(self, address: str = OTHER) -> None:
        """Add a mailbox by its code."""
        change = await begin_address(
            self.desk, self.asks(), WantedAddress(NoticeChannel.EMAIL, address), "zh"
        )
        await self.stage.settle()
        await finish_address(self.desk, self.asks(), change, self.inbox.code)

    def told(self, kind: str) -> list[str]:
        """Where a notice went."""
        sent = [*self.stage.email.sent, *self.stage.sms.sent]
        return sorted(one.to for one in sent if one.notice.kind == kind)


@pytest.fixture
async def desk(house: House, clock: ManualClock) -> Desk:
    """One number and one mailbox, both verified, and a password."""
    stage, inbox = notice_stage(house, clock), Inbox()
    kit = replace(house.challenges.kit, senders={Method.SMS: inbox, Method.EMAIL: inbox}, passwords=LIGHT)
    contacts = replace(house.contact_desk, kit=kit, post=stage.post)
    stage.timers.handlers[CONTACT_REMOVAL_TIMER] = removal_handler(contacts)  # type: ignore[index]
    stage.deliverer.ports[CODES] = CodeCourier(kit, clock)  # type: ignore[index]
    keeper = replace(house.authenticators, kit=kit)
    nobody = Keeping(account="a-1", visitor=Visitor(), actor="test")
    begun = await keeper.begin(nobody, Enrolment(method=Method.PASSWORD, name="password"))
    await keeper.finish(nobody, begun["authenticator"], RIGHT)
    await stage.reach("a-1", ("email", MAIL), ("sms", PHONE))
    await stage.later(25 * HOUR)
    return Desk(stage, contacts, inbox)


async def test_an_address_is_added_by_its_code_and_comes_last(desk: Desk) -> None:
    """Nothing before the code but the code; a wrong one adds nothing; then every address is told."""
    wanted = WantedAddress(NoticeChannel.EMAIL, OTHER)
    with pytest.raises(Forbidden, match="proof_needed"):
        await begin_address(desk.desk, desk.asks(proof=None), wanted, "zh")
    with pytest.raises(Forbidden, match="suspect_device"):
        await begin_address(desk.desk, desk.asks(suspect=True), wanted, "zh")
    change = await begin_address(desk.desk, desk.asks(), wanted, "zh")
    await desk.stage.settle()
    assert desk.inbox.messages[-1].to == OTHER
    wrong = f"{(int(desk.inbox.code) + 1) % 10**8:08}"
    with pytest.raises(Forbidden, match="wrong_answer"):
        await finish_address(desk.desk, desk.asks(), change, wrong)
    assert [one["address"] for one in (await desk.shown())["pending"]] == ["b***@example.org"]
    await finish_address(desk.desk, desk.asks(), change, desk.inbox.code)
    with pytest.raises(NotFound, match="unknown_contact"):
        await finish_address(desk.desk, desk.asks(), change, desk.inbox.code)
    shown = await desk.shown()
    assert [one["address"] for one in shown["points"]] == [
        "a***@example.org", "+86*******0001", "b***@example.org",
    ]  # fmt: skip
    assert shown["pending"] == []
    assert all(one["heard"] and not one["last"] for one in shown["points"])
    await desk.stage.settle()
    assert desk.told("contacts_changed") == sorted([MAIL, OTHER, PHONE])
    with pytest.raises(Conflict, match="contact_known"):
        await begin_address(desk.desk, desk.asks(), wanted, "zh")
    # After five wrong ones the right one is none; asked for again there is another; one that is late is gone.
    wanted = WantedAddress(NoticeChannel.EMAIL, "c@example.org")
    change = await begin_address(desk.desk, desk.asks(), wanted, "zh")
    await desk.stage.settle()
    wrong = f"{(int(desk.inbox.code) + 1) % 10**8:08}"
    for code in (*[wrong] * 5, desk.inbox.code):
        with pytest.raises(Forbidden, match="wrong_answer"):
            await finish_address(desk.desk, desk.asks(), change, code)
    again = await begin_address(desk.desk, desk.asks(), wanted, "zh")
    await desk.stage.settle()
    assert [one["change"] for one in (await desk.shown())["pending"]] == [again]
    await desk.stage.later(601)
    with pytest.raises(NotFound, match="unknown_contact"):
        await finish_address(desk.desk, desk.asks(), again, desk.inbox.code)
    assert (await desk.shown())["pending"] == []


async def test_a_removal_is_told_everywhere_and_waits(desk: Desk, tables: Any) -> None:
    """Twelve hours; then a week more of warnings; every address hears both times, the one that goes too."""
    await desk.add()
    await desk.stage.later(25 * HOUR)
    key = await desk.key("b***@example.org")
    with pytest.raises(Forbidden, match="wrong_answer"):
        await remove_address(desk.desk, desk.asks(proof=Answer(method=Method.PASSWORD, password="no")), key)
    await remove_address(desk.desk, desk.asks(), key)
    await remove_address(desk.desk, desk.asks(), key)
    await desk.stage.settle()
    assert desk.told("contact_removal_asked") == sorted([MAIL, OTHER, PHONE])
    (leaving,) = [one for one in (await desk.shown())["points"] if one["leaves"]]
    assert leaving["leaves"]["at"] == desk.stage.clock.now() + 12 * HOUR * 10**6
    await desk.stage.later(12 * HOUR - 1)
    assert [one["heard"] for one in (await desk.shown())["points"]] == [True] * 3
    before = desk.told("contacts_changed").count(OTHER)
    await desk.stage.later(1)
    assert [one["heard"] for one in (await desk.shown())["points"]] == [True, True, False]
    assert desk.told("contacts_changed").count(OTHER) == before + 1
    await desk.stage.later(8 * 24 * HOUR)
    assert await tables.fetchval("SELECT count(*) FROM contact_point") == 2
    assert await tables.fetchval("SELECT count(*) FROM contact_change WHERE sealed IS NOT NULL") == 0


async def test_the_last_that_warns_stays(desk: Desk) -> None:
    """Taken back with one tap, without a proof; one of two may go, the other neither now nor later."""
    await remove_address(desk.desk, desk.asks(), await desk.key("a***@example.org"))
    (leaving,) = [one["leaves"] for one in (await desk.shown())["points"] if one["leaves"]]
    stranger = Keeping(account="a-2", visitor=Visitor(), actor="test")
    await take_back_change(desk.desk, stranger, leaving["change"])
    assert [bool(one["leaves"]) for one in (await desk.shown())["points"]] == [True, False]
    for _ in range(2):
        await take_back_change(desk.desk, desk.asks(proof=None), leaving["change"])
    assert [one["leaves"] for one in (await desk.shown())["points"]] == [None, None]
    await desk.stage.later(30 * HOUR)
    assert [one["heard"] for one in (await desk.shown())["points"]] == [True, True]
    assert desk.told("contact_removal_cancelled") == sorted([MAIL, PHONE])
    mail, sms = await desk.key("a***@example.org"), await desk.key("+86*******0001")
    await remove_address(desk.desk, desk.asks(), mail)
    with pytest.raises(Conflict, match="last_contact"):
        await remove_address(desk.desk, desk.asks(), sms)
    await desk.stage.reach("a-1", ("email", MAIL))  # the institution takes the number away meanwhile
    await desk.stage.later(30 * HOUR)
    (first, *former) = (await desk.shown())["points"]
    assert (first["heard"], first["leaves"], first["last"]) == (True, None, True)
    assert [one["heard"] for one in former] == [False]
    assert MAIL in desk.told("contact_removal_cancelled")


async def test_a_thief_cannot_silence_the_warnings(desk: Desk) -> None:
    """He adds his own and takes the others away: it waits a day, and a containment undoes it."""
    await desk.add()
    for address in ("a***@example.org", "+86*******0001"):
        await remove_address(desk.desk, desk.asks(), await desk.key(address))
    await desk.stage.later(13 * HOUR)
    assert [one["heard"] for one in (await desk.shown())["points"]] == [True] * 3
    await freeze_account(desk.stage.house, "a-1", "not the customer", "desk")
    assert [one["leaves"] for one in (await desk.shown())["points"]] == [None] * 3
    await desk.stage.later(12 * HOUR)
    assert [one["heard"] for one in (await desk.shown())["points"]] == [True] * 3
    assert desk.told("contact_removal_cancelled").count(PHONE) >= 1
    await remove_address(desk.desk, desk.asks(), await desk.key("b***@example.org"))
    assert [bool(one["leaves"]) for one in (await desk.shown())["points"]] == [False, False, True]


async def test_manners_change_at_once_and_unchecked_addresses_are_checked(desk: Desk, tables: Any) -> None:
    """It gets a code by its key, and warns from then on; unchecked it goes at once; erased, all is gone."""
    night = (time(0), time(23, 59))
    await choose_manner(desk.desk, desk.asks(proof=None), Manner("en", "Europe/London", night))
    shown = await desk.shown()
    assert (shown["language"], shown["timezone"]) == ("en", "Europe/London")
    assert shown["quiet"] == {"begins": "00:00", "ends": "23:59"}
    await desk.stage.tell("n-1")
    await desk.stage.settle()
    assert desk.told("new_place_login") == sorted([MAIL, PHONE])
    for manner in (Manner("fr", "UTC", None), Manner("en", "Mars/Olympus", None)):
        with pytest.raises(BadRequest, match="bad_contacts"):
            await choose_manner(desk.desk, desk.asks(), manner)
    await tables.execute("UPDATE contact_point SET verified_at = NULL WHERE channel = 'email'")
    key = await desk.key("a***@example.org")
    change = await begin_address(desk.desk, desk.asks(), WantedAddress(NoticeChannel.EMAIL, key=key), "zh")
    await desk.stage.settle()
    assert desk.inbox.messages[-1].to == MAIL
    await finish_address(desk.desk, desk.asks(), change, desk.inbox.code)
    assert [one["address"] for one in (await desk.shown())["points"]] == [
        "a***@example.org",
        "+86*******0001",
    ]
    await tables.execute("UPDATE contact_point SET verified_at = NULL WHERE channel = 'email'")
    await remove_address(desk.desk, desk.asks(proof=None), key)
    assert [one["address"] for one in (await desk.shown())["points"]] == ["+86*******0001"]
    with pytest.raises(NotFound, match="unknown_contact"):
        await remove_address(desk.desk, desk.asks(), key)
    await begin_address(desk.desk, desk.asks(), WantedAddress(NoticeChannel.EMAIL, OTHER), "zh")
    await remove_contacts(desk.stage, "a-1", "test")
    assert await tables.fetchval("SELECT count(*) FROM contact_change") == 0
