"""Goal: a customer is asked for a password only where one is needed.

Method: small PDFs written by qpdf in every revision of the standard encryption, with and without a password
to open them, in `pdf_locks/`; then the same ones spoiled by chance.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from countermand.intake.mail.files import PDF, is_locked
from countermand.intake.mail.pdf_locks import is_pdf_locked

FILES = sorted((Path(__file__).parent / "pdf_locks").glob("*.pdf"))


def test_every_revision_is_there_both_ways() -> None:
    """Revisions 2 to 6, locked and protected against changes only."""
    assert {path.stem.split("-")[0] for path in FILES} == {"r2", "r3", "r4", "r5", "r6"}
    assert sum(path.stem.endswith("-locked") for path in FILES) * 2 == len(FILES) == 12


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_what_needs_a_password_counts_as_locked(path: Path) -> None:
    """The empty password is tried as a reader tries it."""
    assert is_locked(path.read_bytes(), PDF) == path.stem.endswith("-locked")


def test_what_cannot_be_told_counts_as_locked_and_a_plain_file_does_not() -> None:
    """No dictionary, a torn one, an unknown handler; and a file that is not encrypted."""
    assert is_pdf_locked(b"%PDF-1.7 trailer << /Encrypt 7 0 R >>")
    assert is_pdf_locked(b"%PDF-1.7 trailer << /Encrypt << /Filter /Other /R 3 >> >>")
    assert not is_pdf_locked(b"%PDF-1.7 trailer << /Root 1 0 R >>")
    assert is_pdf_locked(b"%PDF-1.7 " + b"/EncryptMetadata false " * 100_000)


def test_spoiled_files_raise_nothing() -> None:
    """Bytes changed by chance: locked or not, and no exception."""
    chance = random.Random(20261122)
    for number in range(600):
        raw = bytearray(chance.choice(FILES).read_bytes())
        for _ in range(chance.randint(1, 8)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        assert is_pdf_locked(bytes(raw)) in {True, False}, number
