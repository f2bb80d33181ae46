"""A folder at an IMAP server (RFC 3501, IDLE RFC 2177): nothing is lost, and nothing is marked too early.

What was heard carries a keyword of ours where the server keeps keywords: a mail that somebody else has opened
meanwhile is then found all the same. Places are UIDs, and never kept between connections, so a server that
numbers its mails anew changes nothing.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from countermand.intake.mail.ports import Arrived
from countermand.kernel.clock import Clock, micros_of, moment_of
from countermand.kernel.errors import SetupError, Unavailable

T = TypeVar("T")
SCHEMES = {"imap": 143, "imaps": 993, "imap+starttls": 143}
TIMEOUT_SECONDS = 30
MAIL_BYTES_MAX = 64 * 1024 * 1024
# A mail that somebody opened before us is still ours for so long; older read mail was there before we were.
OPENED_DAYS = 3
POLL_SECONDS = 20.0
HEARD = "CountermandHeard"
ASIDE = "Countermand-Unreadable"
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """Where the mailbox is: `imaps://user@host:993/FOLDER`."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str


def imap_address(url: str, password: str | None) -> ImapAddress:
    """Read an address; its own password is used unless one is given. Raises SetupError (`bad_setting`)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    secret = password if password is not None else unquote(parts.password or "")
    if parts.scheme not in SCHEMES or not parts.hostname or not parts.username or not secret:
        raise SetupError(
            "bad_setting",
            "COUNTERMAND_IMAP_URL must look like imaps://user@host:993/INBOX, with the password in the file "
            "named by COUNTERMAND_IMAP_SECRET_FILE.",
            "COUNTERMAND_IMAP_URL 应形如 imaps://user@host:993/INBOX，密码写在 COUNTERMAND_IMAP_SECRET_FILE "
            "所指文件中。",
            variable="COUNTERMAND_IMAP_URL",
        )
    return ImapAddress(
        parts.scheme,
        parts.hostname,
        port or SCHEMES[parts.scheme],
        unquote(parts.username),
        secret,
        unquote(parts.path.lstrip("/")) or "INBOX",
    )


class ImapMailbox:
    """Implements `intake.mail.ports.Mailbox` with one connection, in a thread of its own."""

    def __init__(self, address: ImapAddress, clock: Clock, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._address = address
        self._clock = clock
        self._timeout = timeout
        self._box: BaseMailBox | None = None
        self._keeps_keywords = False
        self._thread: ThreadPoolExecutor | None = None

    async def unheard(self) -> list[str]:
        """The UIDs of mails that nobody has settled, oldest first."""
        return await self._do(self._unheard)

    async def fetch(self, place: str) -> Arrived | None:
        """A mail, with its mark untouched (BODY.PEEK)."""
        return await self._do(lambda box: self._fetch(box, place))

    async def settle(self, place: str, *, aside: bool = False) -> None:
        """Mark it as heard, or move it to the folder of the unreadable."""
        await self._do(lambda box: self._settle(box, place, aside=aside))

    async def wait(self, seconds: float) -> None:
        """Until the server says that something arrived, or so long; without IDLE it is only waited."""
        if not await self._do(lambda box: self._idle(box, seconds)):
            await asyncio.sleep(min(seconds, POLL_SECONDS))

    async def check(self) -> dict[str, Any]:
        """What the server can, and how much there is to hear; marks nothing."""
        places = await self.unheard()
        box = self._box
        assert box is not None, "unheard has connected"
        return {
            "folder": self._address.folder,
            "unheard": len(places),
            "idle": "IDLE" in box.client.capabilities,
            "keywords": self._keeps_keywords,
            "move": "MOVE" in box.client.capabilities,
        }

    async def close(self) -> None:
        """Let go of the connection, also while a thread waits on it."""
        box, self._box = self._box, None
        thread, self._thread = self._thread, None
        if box is not None:
            with suppress(OSError):
                box.client.sock.shutdown(socket.SHUT_RDWR)
            if thread is not None:
                # The thread may still be at it: it notices, and then lets go.
                thread.submit(_let_go, box)
        if thread is not None:
            thread.shutdown(wait=False)

    async def _do(self, act: Callable[[BaseMailBox], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._act, act)
        except (imaplib.IMAP4.error, ImapToolsError, OSError, EOFError, ValueError) as error:
            await self.close()
            raise Unavailable(
                "mailbox_away",
                f"The mail server cannot be read now: {type(error).__name__}. Nothing is lost there.",
                f"暂时无法读取邮件服务器：{type(error).__name__}；邮件仍在服务器上，不会丢失。",
            ) from error

    def _act(self, act: Callable[[BaseMailBox], T]) -> T:
        if self._box is None:
            self._box = self._connect()
        return act(self._box)

    def _connect(self) -> BaseMailBox:
        to = self._address
        box: BaseMailBox
        if to.scheme == "imaps":
            box = MailBox(to.host, to.port, self._timeout, ssl_context=ssl.create_default_context())
        elif to.scheme == "imap+starttls":
            box = MailBoxStartTls(to.host, to.port, self._timeout, ssl_context=ssl.create_default_context())
        else:
            box = MailBoxUnencrypted(to.host, to.port, self._timeout)
        try:
            self._enter(box)
        except BaseException:
            _let_go(box)
            raise
        return box

    def _enter(self, box: BaseMailBox) -> None:
        to = self._address
        try:
            box.login(to.user, to.password, initial_folder=None)
        except (ImapToolsError, imaplib.IMAP4.error):
            raise Unavailable(
                "mailbox_refused",
                "The mail server refuses the name or the password of COUNTERMAND_IMAP_URL.",
                "邮件服务器拒绝 COUNTERMAND_IMAP_URL 的用户名或密码。",
            ) from None
        # Servers tell more of what they can once they know who asks.
        box.client._get_capabilities()
        if "ID" in box.client.capabilities:
            # NetEase opens no folder to a program that has not said what it is (RFC 2971).
            with suppress(imaplib.IMAP4.error):
                box.client.xatom("ID", '("name" "countermand")')
        box.folder.set(to.folder)
        flags = str(box.client.untagged_responses.get("PERMANENTFLAGS", []))
        self._keeps_keywords = "*" in flags or HEARD in flags

    def _unheard(self, box: BaseMailBox) -> list[str]:
        box.client.noop()
        box.client.response("EXISTS")
        asked = "UNSEEN UNDELETED"
        if self._keeps_keywords:
            since = moment_of(self._clock.now()) - timedelta(days=OPENED_DAYS)
            day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
            asked = f"UNKEYWORD {HEARD} UNDELETED OR UNSEEN SINCE {day}"
        return sorted(box.uids(asked, charset=None), key=int)

    def _fetch(self, box: BaseMailBox, place: str) -> Arrived | None:
        # One round trip: the size tells whether the piece is the whole.
        asked = f"(RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{MAIL_BYTES_MAX}>)"
        _, data = box.client.uid("FETCH", place, asked)
        told = b" ".join(one[0] if isinstance(one, tuple) else one for one in data if one)
        raw = next((one[1] for one in data if isinstance(one, tuple)), None)
        if raw is None:
            return None
        size, date = _SIZE.search(told), _DATE.search(told)
        whole = size is None or int(size[1]) <= MAIL_BYTES_MAX
        return Arrived(raw, self._instant(date[1].decode() if date else ""), whole)

    def _instant(self, date: str) -> int:
        """When it reached the server: legal clocks run from then, not from when we looked."""
        try:
            return micros_of(parsedate_to_datetime(date.strip().replace("-", " ", 2)))
        except (ValueError, TypeError, IndexError):
            return self._clock.now()

    def _settle(self, box: BaseMailBox, place: str, *, aside: bool) -> None:
        flags = f"(\\Seen {HEARD})" if self._keeps_keywords else "(\\Seen)"
        box.client.uid("STORE", place, "+FLAGS.SILENT", flags)
        if aside:
            self._move(box, place)

    def _move(self, box: BaseMailBox, place: str) -> None:
        """To the folder of the unreadable; a server that has none of the ways leaves it flagged."""
        if not box.folder.exists(ASIDE):
            with suppress(ImapToolsError):
                box.folder.create(ASIDE)
        if "MOVE" in box.client.capabilities:
            kind, _ = box.client.uid("MOVE", place, ASIDE)
        else:
            kind, _ = box.client.uid("COPY", place, ASIDE)
            if kind == "OK":
                box.client.uid("STORE", place, "+FLAGS.SILENT", "(\\Deleted)")
        if kind != "OK":
            box.client.uid("STORE", place, "+FLAGS.SILENT", "(\\Flagged)")

    def _idle(self, box: BaseMailBox, seconds: float) -> bool:
        """Whether it was waited; at once where something has arrived since it was looked."""
        box.client.noop()
        _, arrived = box.client.response("EXISTS")
        if arrived and arrived[-1] is not None:
            return True
        if "IDLE" not in box.client.capabilities:
            return False
        box.idle.wait(timeout=seconds)
        return True


def _let_go(box: BaseMailBox) -> None:
    with suppress(OSError, imaplib.IMAP4.error):
        box.client.shutdown()
