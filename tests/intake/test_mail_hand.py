"""Goal: what real programs send is read as a person would read it.

Method: mails written after the layouts of QQ Mail, NetEase, Gmail, iPhone, Outlook, Foxmail, WeCom and
others, in `mail_hand/`, each with what must be read in it in `expected.yaml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from countermand.intake.mail.letters import MailTerms, read_letter
from countermand.kernel.clock import rfc3339

FOLDER = Path(__file__).parent / "mail_hand"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "expected.yaml").read_text(encoding="utf-8"))
NOON = 1_795_233_600_000_000
TERMS = MailTerms(frozenset({"desk@bank.example"}))


def test_there_is_an_expectation_for_every_mail() -> None:
    """None is forgotten, and there are at least 25."""
    assert {path.stem for path in FOLDER.glob("*.eml")} == set(EXPECTED)
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_mail_is_read_as_a_person_reads_it(name: str) -> None:
    """Words, sender, urgency, fields, files and remarks; what is not named must be absent."""
    expected = EXPECTED[name]
    letter = read_letter((FOLDER / f"{name}.eml").read_bytes(), NOON, TERMS)
    said = letter.text.removeprefix(letter.subject).strip()
    if "text" in expected:
        assert said == expected["text"]
    for words in expected.get("contains", ()):
        assert words in said
    assert letter.sender == expected["sender"]
    assert (letter.urgent, letter.kind.value) == (
        expected.get("urgent", False),
        expected.get("kind", "written"),
    )
    assert letter.subject == expected.get("subject", letter.subject)
    assert list(letter.numbers) == expected.get("numbers", [])
    assert list(letter.claims.accounts) == expected.get("accounts", [])
    amounts = [[one.minor, one.currency] for one in letter.claims.amounts]
    assert amounts == expected.get("amounts", [])
    if "times" in expected:
        assert [rfc3339(one.at) for one in letter.claims.times] == expected["times"]
    files = [[one.name, one.media_type, one.locked] for one in letter.files]
    assert files == expected.get("files", [])
    assert list(letter.left_out) == expected.get("left_out", [])
    assert list(letter.remarks) == expected.get("remarks", [])
