"""A little work before the public door listens: cheap for one person, dear for a million reports a day.

Hashcash (Adam Back, 2002) over SHA-256: find an answer so that SHA-256(puzzle "." answer) begins with so many
zero bits. A puzzle carries its terms and a MAC, so none has to be remembered until it is solved.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

from countermand.kernel.clock import MICROS_PER_SECOND
from countermand.kernel.errors import BadRequest

PUZZLE_MICROS = 3600 * MICROS_PER_SECOND
BITS_MIN, BITS_MAX = 12, 24
ANSWER_CHARACTERS_MAX = 64
_NONCE_BYTES, _EXPIRY_BYTES, _MAC_BYTES = 16, 8, 16
_LENGTH = _NONCE_BYTES + _EXPIRY_BYTES + 1 + _MAC_BYTES


def puzzle_of(key: bytes, nonce: bytes, now: int, bits: int) -> str:
    """A puzzle of so many bits, good for an hour from now (microseconds UTC).

    >>> len(puzzle_of(b"k", bytes(16), 0, 16))
    55
    """
    terms = nonce[:_NONCE_BYTES] + (now + PUZZLE_MICROS).to_bytes(_EXPIRY_BYTES) + bytes([bits])
    return base64.urlsafe_b64encode(terms + _mac(key, terms)).rstrip(b"=").decode()


def check_puzzle(key: bytes, puzzle: str, answer: str, now: int) -> None:
    """Raises BadRequest (`puzzle_unsolved`): not ours, too old, or its answer is wrong."""
    terms = _terms(key, puzzle)
    if terms is None:
        raise _unsolved("it was not given out here", "该题目并非由此处发出")
    if int.from_bytes(terms[_NONCE_BYTES:-1]) < now:
        raise _unsolved("it has expired", "题目已过期")
    if len(answer) > ANSWER_CHARACTERS_MAX or not solves(puzzle, answer, terms[-1]):
        raise _unsolved("the answer does not solve it", "答案不正确")


def puzzle_age(key: bytes, puzzle: str, now: int) -> int | None:
    """How long ago a puzzle was given out, in microseconds; None where it is not ours, or over.

    >>> puzzle_age(b"k", puzzle_of(b"k", bytes(16), 7, 16), 10), puzzle_age(b"x", "no", 10)
    (3, None)
    """
    terms = _terms(key, puzzle)
    if terms is None:
        return None
    age = now - int.from_bytes(terms[_NONCE_BYTES:-1]) + PUZZLE_MICROS
    return age if age <= PUZZLE_MICROS else None


def puzzle_bits(key: bytes, puzzle: str) -> int:
    """How many bits a puzzle of ours asks for. Raises ValueError for any other."""
    terms = _terms(key, puzzle)
    if terms is None:
        raise ValueError("this puzzle was not given out here")
    return terms[-1]


def _terms(key: bytes, puzzle: str) -> bytes | None:
    """What a puzzle of ours says of itself; None where it is not ours."""
    try:
        whole = base64.urlsafe_b64decode(puzzle + "=" * (-len(puzzle) % 4))
    except ValueError:
        return None
    terms, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
    if len(whole) != _LENGTH or not hmac.compare_digest(mac, _mac(key, terms)):
        return None
    return terms


def solves(puzzle: str, answer: str, bits: int) -> bool:
    """Whether an answer solves a puzzle of so many bits."""
    found = int.from_bytes(sha256(f"{puzzle}.{answer}".encode("utf-8", "replace")).digest())
    return found >> (256 - bits) == 0


def solved(puzzle: str, bits: int) -> str:
    """The first number that solves it: what a page or a client computes.

    >>> solves("p", solved("p", 8), 8)
    True
    """
    number = 0
    while not solves(puzzle, str(number), bits):
        number += 1
    return str(number)


def _mac(key: bytes, terms: bytes) -> bytes:
    return hmac.digest(key, terms, sha256)[:_MAC_BYTES]


def _unsolved(en: str, zh: str) -> BadRequest:
    return BadRequest(
        "puzzle_unsolved",
        f"The puzzle does not open the door: {en}. Ask for a new one (GET /v1/not-me/puzzle) and solve it.",
        f"无法通过验证：{zh}。请重新获取题目（GET /v1/not-me/puzzle）并作答。",
        field="puzzle",
    )
