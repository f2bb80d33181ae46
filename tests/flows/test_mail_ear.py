"""Goal: between the mail server and the database nothing is lost and nothing doubled, whenever we are killed.

Method: a real Dovecot with many mails; two workers of the product hear them at once and are killed: one with
everything written and nothing committed, one between commit and marking; a third hears the rest.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from countermand.adapters.channels.imap import ImapMailbox
from countermand.flows.mail_ear import TRIES_MAX
from countermand.kernel.clock import ManualClock
from flows.mail_stage import DESK, mail, mail_house
from flows.stage import NOON, PERMIT_KEYS
from mail_server import NEEDS_DOVECOT, PASSWORD, mail_server
from private_servers import PACKAGES, SOURCE

# `COUNTERMAND_TEST_MAILS=200` for the whole of it; the kills fall where they fall.
MAILS, FIRST_DIES_AT, SECOND_DIES_AT = int(os.environ.get("COUNTERMAND_TEST_MAILS", "60")), 12, 15

WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from countermand.adapters.channels.imap import ImapMailbox
from countermand.app import open_worker
from countermand.flows import receive_report
from countermand.settings import Settings

dsn, url, folder, permits, dies, at = sys.argv[1:]
done = 0

def dying(act):
    async def instead(*given, **named):
        global done
        done += 1
        if dies == "after_commit" and done == int(at):
            os.kill(os.getpid(), signal.SIGKILL)
        result = await act(*given, **named)
        if dies == "before_commit" and done == int(at):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return instead

if dies == "before_commit":
    receive_report.keep_report = dying(receive_report.keep_report)
else:
    ImapMailbox.settle = dying(ImapMailbox.settle)

async def main():
    settings = Settings(
        database_url=dsn, imap_url=url, imap_secret_file=Path(folder) / "secret", smtp_url="smtp://127.0.0.1:1",
        smtp_sender="desk@bank.example", vault_key_file=Path(folder) / "vault.key",
        permit_key_file=Path(permits), data_dir=Path(folder),
    )
    async with open_worker(settings):
        await asyncio.sleep(60)

asyncio.run(main())
"""


def worker_that_dies(dsn: str, url: str, folder: Path, dies: str, at: int) -> subprocess.Popen[bytes]:
    """A worker of the product in a process of its own."""
    asked = [sys.executable, "-c", WORKER, dsn, url, str(folder), str(PERMIT_KEYS), dies, str(at)]
    environment = {"PYTHONPATH": f"{SOURCE}:{PACKAGES}"}
    return subprocess.Popen(asked, cwd="/", env=environment)


@NEEDS_DOVECOT
async def test_workers_that_are_killed_lose_and_double_nothing(database_dsn: str, tmp_path: Path) -> None:
    """Two workers at once, both killed: as many reports, cases and answers as mails, nothing unmarked."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\n", encoding="utf-8")
    mails = [mail(f"建议第{number}条", f"建议{number}", f"c{number}@qq.example") for number in range(MAILS)]
    with mail_server() as server:
        server.deliver(*mails)
        settings = {"imap_url": server.url, "imap_secret_file": tmp_path / "secret"}
        # The house has made its keys before the workers look for them; its own ear listens when told to.
        async with mail_house(database_dsn, ManualClock(NOON), tmp_path, **settings) as stage:
            dying = [
                worker_that_dies(database_dsn, server.url, tmp_path, dies, at)
                for dies, at in (("before_commit", FIRST_DIES_AT), ("after_commit", SECOND_DIES_AT))
            ]
            ended = [await asyncio.to_thread(one.wait, 90) for one in dying]
            assert ended == [-signal.SIGKILL] * 2
            ear = stage.house.worker.ear
            assert ear is not None
            assert len(await ear.mailbox.unheard()) >= MAILS - FIRST_DIES_AT - SECOND_DIES_AT
            while await ear.turn():
                pass
            assert await ear.mailbox.unheard() == []
            await ear.mailbox.close()
    connection = await asyncpg.connect(database_dsn)
    counts = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM inbound), (SELECT count(*) FROM case_file),"
        " (SELECT count(*) FROM message),"
        " (SELECT count(*) FROM effect WHERE port = 'answers.email')"
    )
    await connection.close()
    assert tuple(counts) == (MAILS,) * 4


class _Box:
    """A mailbox in memory."""

    def __init__(self, mails: dict[str, bytes]) -> None:
        self.mails, self.aside = mails, list[str]()

    async def unheard(self) -> list[str]:
        return list(self.mails)

    async def fetch(self, place: str) -> object:
        from countermand.intake.mail.ports import Arrived

        return Arrived(self.mails[place], NOON)

    async def settle(self, place: str, *, aside: bool = False) -> None:
        del self.mails[place]
        if aside:
            self.aside.append(place)


async def test_a_poisoned_mail_stops_no_other(
    database_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails on one mail, whatever it is, is tried three times and put aside; the others are heard."""
    from countermand.flows import mail_ear

    real = mail_ear.hear

    async def fails(house: object, arrived: object) -> object:
        if b"poison" in arrived.raw:
            raise RuntimeError("a bug of ours")
        return await real(house, arrived)

    monkeypatch.setattr(mail_ear, "hear", fails)
    async with mail_house(database_dsn, ManualClock(NOON), tmp_path) as stage:
        ear = stage.house.worker.ear
        assert ear is not None
        # The worker listens where the settings say, and knows its own address and voice.
        assert isinstance(ear.mailbox, ImapMailbox)
        assert stage.hearing.terms.own == frozenset({DESK})
        assert "answers.email" in stage.house.effect_ports
        box = _Box({"1": mail("poison"), "2": mail("建议：增加功能"), "3": mail("谢谢")})
        ear.mailbox = box
        with capture_logs() as said:
            assert await ear.turn()
            assert list(box.mails) == ["1"]
            for _ in range(TRIES_MAX - 1):
                await ear.turn()
        assert [one["tries"] for one in said if one["event"] == "mail_failed"] == [1, 2, 3]
        assert (box.mails, box.aside, ear.aside) == ({}, ["1"], 1)
