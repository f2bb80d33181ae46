"""A real Dovecot in a folder of its own, with one mailbox, where it is installed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

DOVECOT = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
NEEDS_DOVECOT = pytest.mark.skipif(
    DOVECOT is None, reason="NOT CHECKED: Dovecot (dovecot-imapd) is not installed"
)
USER, PASSWORD = "desk@bank.example", 'open "sesame" \\1'
CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{folder}/mail
first_valid_uid = 0
{users}
auth_username_format = %Lu
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
namespace inbox {{
  inbox = yes
}}
"""

_OWN_USERS = """
default_internal_user = {user}
default_login_user = {user}
"""


@dataclass
class MailServer:
    """Mail is put where Dovecot's own delivery would put it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    numbers: Iterator[int]

    @property
    def url(self) -> str:
        """The mailbox's address, without the password."""
        return f"imap://{USER.replace('@', '%40')}@127.0.0.1:{self.port}/INBOX"

    def deliver(self, *mails: bytes) -> None:
        """These mails arrive, in this order."""
        for mail in mails:
            number = next(self.numbers)
            name = f"{1_795_200_000 + number}.M{number}P1.host"
            (self.folder / "mail" / "tmp" / name).write_bytes(mail)
            (self.folder / "mail" / "tmp" / name).rename(self.folder / "mail" / "new" / name)

    def flags(self) -> list[str]:
        """The file names of what is in the inbox, each with its flags."""
        inbox = self.folder / "mail"
        return sorted(path.name for part in ("new", "cur") for path in (inbox / part).iterdir())

    def aside(self) -> list[bytes]:
        """What was put aside."""
        folder = self.folder / "mail" / ".Countermand-Unreadable"
        return [path.read_bytes() for part in ("new", "cur") if (folder / part).is_dir()
                for path in sorted((folder / part).iterdir())]  # fmt: skip

    def renumber(self) -> None:
        """Forget all UIDs, as a restored mailbox does: UIDVALIDITY is another one then."""
        for path in (self.folder / "mail").glob("dovecot*"):
            path.unlink()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Dovecot, ready, in a folder that its unprivileged parts can enter; it ends with the block."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="countermand-mail-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        uid, gid, users = os.geteuid(), os.getegid(), _OWN_USERS.format(user=getpass.getuser())
        if uid == 0:
            # Its package has made users for it; mail is no matter of root's.
            uid, gid, users = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid, ""
        for part in ("", "new", "cur", "tmp"):
            (folder / "mail" / part).mkdir()
            os.chown(folder / "mail" / part, uid, gid)
        (folder / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n", encoding="utf-8")
        text = CONFIGURATION.format(folder=folder, port=port, users=users, uid=uid, gid=gid)
        (folder / "dovecot.conf").write_text(text)
        with (folder / "said").open("wb") as said:
            command = [str(DOVECOT), "-F", "-c", str(folder / "dovecot.conf")]
            process = subprocess.Popen(command, stdout=said, stderr=said)
        try:
            _await_greeting(process, port, folder)
            yield MailServer(folder, port, process, count(1))
        finally:
            process.terminate()
            process.wait(10)


def _await_greeting(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "said").read_text()
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as peer:
                if peer.recv(200).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.02)
    raise AssertionError((folder / "dovecot.log").read_text())
