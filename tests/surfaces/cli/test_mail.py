"""`countermand mail`: what is read in a mail is told, masked; the mailbox is tried, nothing is marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from countermand.surfaces.cli.main import main
from mail_server import NEEDS_DOVECOT, PASSWORD, mail_server

HAND = Path(__file__).parents[2] / "intake" / "mail_hand"


def run(*arguments: str, **environment: str) -> Any:
    """One run of the command line."""
    given = {"LC_ALL": "C", **environment}
    return CliRunner(env=given).invoke(main, [*arguments])


def test_a_mail_is_explained_to_people_and_to_programs() -> None:
    """Account, time and amount stand there; personal numbers are masked, unless they are asked for."""
    file = str(HAND / "netease-web-reply.eml")
    said = run("--lang", "zh", "mail", "read", file).stdout
    assert "主题为紧急" in said
    assert "wallet-88231" in said
    assert "12,000.50 CNY" in said
    assert "6217000010001234567" not in said
    told = json.loads(run("mail", "read", file, "--json").stdout)
    assert told["found"]["times"] == [{"at": "2026-11-19T14:30:00.000000Z", "exact": True}]
    assert told["accounts"] == ["wallet-88231"]
    assert "6217000010001234567" in run("mail", "read", file, "--unmasked").stdout


def test_files_and_machines_are_told() -> None:
    """What a file is, that it needs a password, and who wrote."""
    assert "needs a password" in run("mail", "read", str(HAND / "names-that-turn.eml")).stdout
    absence = run("mail", "read", str(HAND / "exchange-absence.eml")).stdout
    assert "owner is away" in absence
    assert "It is not answered." in absence


def test_without_a_mailbox_there_is_nothing_to_check() -> None:
    """The refusal names the setting."""
    ran = run("mail", "check", "--json")
    assert json.loads(ran.stderr)["error"]["code"] == "no_mailbox"


@NEEDS_DOVECOT
def test_the_mailbox_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    """At a real server: one mail to be heard, twice in a row."""
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    with mail_server() as server:
        server.deliver((HAND / "utf7.eml").read_bytes())
        given = {"COUNTERMAND_IMAP_URL": server.url, "COUNTERMAND_IMAP_SECRET_FILE": str(secret)}
        for _ in range(2):
            told = json.loads(run("mail", "check", "--json", **given).stdout)
            assert told == {"folder": "INBOX", "unheard": 1, "idle": True, "keywords": True, "move": True}
        wrong = {**given, "COUNTERMAND_IMAP_SECRET_FILE": str(tmp_path / "nothing")}
        assert "bad_setting" in run("mail", "check", **wrong).stderr
