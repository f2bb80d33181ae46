"""Goal: who writes with whatever program in whatever charset is read; no attack is expensive or fatal.

Method: the corpus of `mail_corpus`, made from a seed, as a table; then the same mails spoiled by chance.
"""

from __future__ import annotations

import time

import pytest

from countermand.intake.mail import parts
from countermand.intake.mail.letters import MailTerms, read_letter
from intake.mail_attacks import corpus, spoiled
from intake.mail_corpus import (
    CALM_SUBJECTS,
    SEED,
    URGENT_SUBJECTS,
    Made,
    file_part,
    mixed,
    text_part,
)

NOON = 1_795_233_600_000_000
TERMS = MailTerms(frozenset({"desk@bank.example"}))
CORPUS = list(corpus())
SECONDS_MAX = 3.0
SPOILED = 400


def test_the_corpus_is_large_and_the_same_for_a_seed() -> None:
    """At least 200 mails, made alike each time, none of a name twice."""
    assert len(CORPUS) >= 200
    assert len({made.name for made in CORPUS}) == len(CORPUS)
    assert [made.raw for made in corpus(SEED)][:200] == [made.raw for made in CORPUS][:200]


@pytest.mark.parametrize("made", CORPUS, ids=[f"{place}" for place in range(len(CORPUS))])
def test_a_mail_is_read(made: Made) -> None:
    """What it says, whether it is urgent, its files and remarks, and soon enough."""
    began = time.monotonic()
    letter = read_letter(made.raw, NOON, TERMS)
    assert time.monotonic() - began < SECONDS_MAX, made.name
    said = letter.text.removeprefix(letter.subject).strip()
    assert "旧信" not in said, made.name
    assert "\0" not in letter.text
    if made.said is not None:
        assert said == made.said, made.name
    if made.urgent is not None:
        assert letter.urgent == made.urgent, made.name
    assert made.remarks <= set(letter.remarks), (made.name, letter.remarks)
    counted = {
        "files": len(letter.files),
        "locked": sum(one.locked for one in letter.files),
        "refused": len(letter.refused),
    }
    wanted = {name: getattr(made, name) for name in counted if getattr(made, name) is not None}
    assert wanted == {name: counted[name] for name in wanted}, made.name


def test_no_subject_stands_on_both_sides() -> None:
    """The table does not contradict itself."""
    assert not set(URGENT_SUBJECTS) & set(CALM_SUBJECTS)


def test_spoiled_mails_are_read_all_the_same() -> None:
    """Cut, or with bytes changed by chance: no exception, no NUL and no half character in the text."""
    for place, raw in enumerate(spoiled(SEED, SPOILED)):
        try:
            letter = read_letter(raw, NOON, TERMS)
        except Exception as error:
            raise AssertionError(f"spoiled mail {place} of seed {SEED}") from error
        letter.text.encode()
        assert "\0" not in letter.text + letter.subject + "".join(one.name for one in letter.files)
        assert letter.key.isascii()


def test_files_up_to_the_limit_are_taken_and_one_byte_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """All together; what is too large is named with its length, and what follows it is still taken."""
    assert parts.FILES_BYTES_MAX == 25 * 1024 * 1024
    limit = 100_000
    monkeypatch.setattr(parts, "FILES_BYTES_MAX", limit)
    whole = read_letter(mixed(text_part(), file_part("a.bin", bytes(limit))), NOON, TERMS)
    assert ([len(one.content) for one in whole.files], whole.refused) == ([limit], ())
    over = mixed(text_part(), file_part("a.bin", bytes(limit + 1)), file_part("b.bin", bytes(9)))
    letter = read_letter(over, NOON, TERMS)
    assert [one.name for one in letter.files] == ["b.bin"]
    assert [(one.name, one.size, one.why) for one in letter.refused] == [("a.bin", limit + 1, "too_large")]
