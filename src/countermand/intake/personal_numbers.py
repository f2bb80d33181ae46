"""Numbers that name a person or open an account, told from other numbers by their own check digits."""

from __future__ import annotations

import re
from datetime import date

# GB/T 2260: the first two digits of an identity number;
# 81-83 are residents from Hong Kong, Macao and Taiwan, 91 foreigners.
_PROVINCES = frozenset(
    (
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
        "50 51 52 53 54 61 62 63 64 65 71 81 82 83 91"
    ).split()
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10x98765432"
_DOUBLED = {str(digit): (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[digit] for digit in range(10)}
_TAIWAN_LETTERS = dict(zip("abcdefghjklmnpqrstuvxywzio", range(10, 36), strict=True))
_CARD = re.compile(  # issuers' ranges by length, ISO/IEC 7812; UnionPay has 16 to 19 digits
    r"(?:4\d{15}|5[0-8]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}|35\d{14}|6[02458]\d{14,17}|69\d{15,17})"
)
_AREAS = r"0(?:10|2\d|[3-9]\d\d)"
_MOBILE = re.compile(r"(?:(?:00)?86|0)?1[3-9]\d{9}")
_LANDLINE = re.compile(rf"(?:(?:00)?86)?{_AREAS}[2-8]\d{{6,7}}")


def is_chinese_id(digits: str) -> bool:
    """Whether it is a resident's identity number (GB 11643): 18 characters with their check, or 15 digits.

    >>> is_chinese_id("11010519491231002x"), is_chinese_id("110105194912310021")
    (True, False)
    """
    if digits[:2] not in _PROVINCES:
        return False
    if len(digits) == 15:
        return digits.isdigit() and _is_day(f"19{digits[6:12]}")
    if len(digits) != 18 or not digits[:17].isdigit() or not _is_day(digits[6:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, digits, strict=False))
    return _ID_CHECKS[total % 11] == digits[17]


def _is_day(digits: str) -> bool:
    if digits[:2] not in {"18", "19", "20"}:
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def passes_luhn(digits: str) -> bool:
    """Whether the check digit of a card number holds (ISO/IEC 7812-1, annex B).

    >>> passes_luhn("6222021234567890128"), passes_luhn("6222021234567890123")
    (True, False)
    """
    return (sum(map(int, digits[-1::-2])) + sum(map(_DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether it is a payment card of a known issuer's range, and its check digit holds."""
    return _CARD.fullmatch(digits) is not None and passes_luhn(digits)


def is_hong_kong_id(letters: str, digits: str, check: str) -> bool:
    """Whether the check character of a Hong Kong identity card holds.

    >>> is_hong_kong_id("a", "123456", "3")
    True
    """
    values = [36 if len(letters) == 1 else _letter(letters[0]), _letter(letters[-1]), *map(int, digits)]
    total = sum(weight * value for weight, value in zip(range(9, 1, -1), values, strict=True))
    return (total + (10 if check == "a" else int(check))) % 11 == 0


def _letter(letter: str) -> int:
    return ord(letter) - ord("a") + 10


def is_taiwan_id(letter: str, digits: str) -> bool:
    """Whether the check digit of a Taiwan identity or residence number holds.

    >>> is_taiwan_id("a", "123456789")
    True
    """
    first, second = divmod(_TAIWAN_LETTERS[letter], 10)
    weighted = sum(
        weight * int(digit) for weight, digit in zip((8, 7, 6, 5, 4, 3, 2, 1, 1), digits, strict=True)
    )
    return (first + 9 * second + weighted) % 10 == 0


def is_iban(value: str) -> bool:
    """Whether it is an international bank account number (ISO 13616): 97 divides it with remainder 1.

    >>> is_iban("gb29nwbk60161331926819")
    True
    """
    return 15 <= len(value) <= 34 and int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def is_mobile(digits: str) -> bool:
    """Whether it is a mobile number of the mainland, with or without the country's code."""
    return _MOBILE.fullmatch(digits) is not None


def is_landline(digits: str) -> bool:
    """Whether it is a fixed line of the mainland with its area code (not an official short number)."""
    return _LANDLINE.fullmatch(digits) is not None
