"""Goal: at a real mail server nothing is lost, nothing is marked before it is settled, and waiting is short.

Method: Dovecot on a folder of its own, mail put into its maildir; every test works on a fresh mailbox.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from countermand.adapters.channels.imap import ImapAddress, ImapMailbox, imap_address
from countermand.kernel.clock import ManualClock
from countermand.kernel.errors import SetupError, Unavailable
from mail_server import NEEDS_DOVECOT, PASSWORD, MailServer, mail_server

NOON = 1_795_233_600_000_000
DAY = 86_400 * 10**6
# No NUL: a literal of IMAP cannot carry one, and Dovecot writes 0x80 instead.
HI = b"From: a@b.example\r\nSubject: hi\r\nMessage-ID: <1@b.example>\r\n\r\n\xcb\xfb\r\n"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[MailServer]:
    """One server for the module."""
    with mail_server() as server:
        yield server


@pytest.fixture
def server(dovecot: MailServer) -> Iterator[MailServer]:
    """It, emptied afterwards."""
    yield dovecot
    for part in ("new", "cur"):
        for path in (dovecot.folder / "mail" / part).iterdir():
            path.unlink()


@pytest.fixture
async def mailbox(server: MailServer) -> AsyncIterator[ImapMailbox]:
    """Our side of it."""
    box = ImapMailbox(imap_address(server.url, PASSWORD), ManualClock(NOON), timeout=5)
    yield box
    await box.close()


@NEEDS_DOVECOT
async def test_a_mail_comes_byte_for_byte_and_is_found_until_it_is_settled(
    server: MailServer, mailbox: ImapMailbox
) -> None:
    """Looking and fetching mark nothing; settling does, once and for all."""
    server.deliver(HI)
    for _ in range(2):
        (place,) = await mailbox.unheard()
        mail = await mailbox.fetch(place)
        assert mail is not None
        assert (mail.raw, mail.whole) == (HI, True)
    assert not [name for name in server.flags() if "S" in name.partition(":2,")[2]]
    await mailbox.settle(place)
    assert await mailbox.unheard() == []
    assert "S" in server.flags()[0].partition(":2,")[2]


@NEEDS_DOVECOT
async def test_what_somebody_else_opened_first_is_heard_all_the_same(
    server: MailServer, mailbox: ImapMailbox
) -> None:
    """A colleague's program has marked it as seen: it is still ours, by a keyword of ours."""
    server.deliver(HI)
    (place,) = await mailbox.unheard()
    await mailbox._do(lambda box: box.client.uid("STORE", place, "+FLAGS", "(\\Seen)"))
    assert await mailbox.unheard() == [place]
    mailbox._clock.advance(400 * DAY)
    assert await mailbox.unheard() == []


@NEEDS_DOVECOT
async def test_an_arrival_ends_the_wait(server: MailServer, mailbox: ImapMailbox) -> None:
    """IDLE: a mail is seen within a second, also one that came between looking and waiting."""
    assert await mailbox.unheard() == []
    server.deliver(HI)
    began = time.monotonic()
    await mailbox.wait(20)
    assert len(await mailbox.unheard()) == 1
    waiting = asyncio.create_task(mailbox.wait(20))
    await asyncio.sleep(0.1)
    server.deliver(HI)
    await waiting
    assert len(await mailbox.unheard()) == 2
    assert time.monotonic() - began < 5


@NEEDS_DOVECOT
async def test_closing_ends_a_wait_at_once(server: MailServer, mailbox: ImapMailbox) -> None:
    """Whoever stops the worker does not wait for the mail server."""
    await mailbox.unheard()
    waiting = asyncio.create_task(mailbox.wait(60))
    await asyncio.sleep(0.1)
    await mailbox.close()
    with pytest.raises(Unavailable, match="mailbox_away"):
        await asyncio.wait_for(waiting, 3)


@NEEDS_DOVECOT
@pytest.mark.parametrize("can_move", [True, False])
async def test_the_unreadable_is_moved_aside_and_kept(
    server: MailServer, mailbox: ImapMailbox, can_move: bool
) -> None:
    """Into a folder that is made when it is needed; copied where the server cannot move."""
    server.deliver(HI, HI + b"second")
    first, second = await mailbox.unheard()
    before = len(server.aside())
    assert mailbox._box is not None
    if not can_move:
        mailbox._box.client.capabilities = ("IMAP4REV1",)
    await mailbox.settle(first, aside=True)
    assert await mailbox.unheard() == [second]
    assert server.aside()[before:] == [HI.replace(b"\r\n", b"\n")]
    assert await mailbox.fetch("4000000") is None


@NEEDS_DOVECOT
async def test_new_numbers_lose_nothing(server: MailServer, mailbox: ImapMailbox) -> None:
    """A mailbox that was restored counts anew: what was settled stays so, what was not is found."""
    server.deliver(HI, HI)
    places = await mailbox.unheard()
    await mailbox.settle(places[0])
    await mailbox.close()
    server.renumber()
    assert len(await mailbox.unheard()) >= 1


@NEEDS_DOVECOT
async def test_a_wrong_password_is_said(server: MailServer) -> None:
    """Refused, and the text repeats neither name nor password."""
    box = ImapMailbox(imap_address(server.url, "wrong-one"), ManualClock(NOON), timeout=5)
    with pytest.raises(Unavailable, match="mailbox_refused") as refused:
        await box.unheard()
    assert "wrong-one" not in str(refused.value)
    await box.close()


async def test_a_dead_server_is_away() -> None:
    """Nobody listens there."""
    box = ImapMailbox(ImapAddress("imap", "127.0.0.1", 1, "u", "p", "INBOX"), ManualClock(NOON), timeout=2)
    with pytest.raises(Unavailable, match="mailbox_away"):
        await box.unheard()
    await box.close()


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("http://u:p@host", None),
        ("imaps://host/INBOX", "p"),
        ("imaps://u@host/INBOX", None),
        ("imaps://u:p@host:port", None),
        ("", "p"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, password: str | None) -> None:
    """Scheme, name, password and port must be there."""
    with pytest.raises(SetupError, match="bad_setting"):
        imap_address(url, password)


def test_an_address_in_full() -> None:
    """Percent-coding in names and folders; the port by the scheme."""
    read = imap_address("imaps://desk%40bank.example:p%2Fw@mail.example/Support/In", None)
    assert read == ImapAddress("imaps", "mail.example", 993, "desk@bank.example", "p/w", "Support/In")
