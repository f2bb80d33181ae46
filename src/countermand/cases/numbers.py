"""What people hold in their hands: the number of a case, which finds slips, and the secret that opens it."""

from __future__ import annotations

import hmac
from hashlib import sha256

NUMBER_DIGITS = 12
SECRET_CHARACTERS = 20
# Crockford's Base32: no I, L, O, U; what people read as them is folded back when a secret is typed.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FOLDED = str.maketrans("ILOilo", "110110")
# The quasigroup of H. Michael Damm (2004): every single slip and every swap of neighbours is found.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def _damm(digits: str) -> int:
    row = 0
    for digit in digits:
        row = _DAMM[row][int(digit)]
    return row


def number_of(digits: str) -> str:
    """The number of 11 digits: they, and the digit that checks them.

    >>> number_of("48291035771")
    '482910357716'
    """
    assert len(digits) == NUMBER_DIGITS - 1, "11 digits"
    return f"{digits}{_damm(digits)}"


def spoken(number: str) -> str:
    """In groups, as it is shown and read aloud.

    >>> spoken("482910357716")
    '4829 1035 7716'
    """
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def read_number(text: str) -> str | None:
    """The number that somebody typed, in groups or not; None where it cannot be one.

    >>> read_number(" 4829-1035 7716"), read_number("4829 1035 7761")
    ('482910357716', None)
    """
    digits = "".join(letter for letter in text if letter not in " -\u3000\t\n")
    if len(digits) != NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()) or _damm(digits):
        return None
    return digits


def secret_of(key: bytes, case: str, turn: int) -> str:
    """The secret of a case's receipt: 20 characters of 5 bits, 100 bits in all, from a key of the vault.

    The same for the same case and turn, so what is asked for again is answered the same; a lost receipt is
    replaced by the next turn. As strong as its key (HMAC-SHA256, RFC 2104): no slow hash is needed.

    >>> len(secret_of(b"k", "case-1", 1))
    20
    """
    bits = int.from_bytes(hmac.digest(key, f"{case}\0{turn}".encode(), sha256))
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(SECRET_CHARACTERS))


def grouped(secret: str) -> str:
    """In four groups.

    >>> grouped("0123456789ABCDEFGHJK")
    '01234-56789-ABCDE-FGHJK'
    """
    return "-".join(secret[place : place + 5] for place in range(0, len(secret), 5))


def opens(key: bytes, case: str, turn: int, typed: str) -> bool:
    """Whether what was typed is the secret, in the same time whatever was typed."""
    folded = "".join(letter for letter in typed if letter.isalnum()).translate(_FOLDED).upper()
    return hmac.compare_digest(folded.encode(), secret_of(key, case, turn).encode())
