"""Names that are drawn to be taken for ours: other scripts, letters swapped, our name in theirs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import idna

# What a hurried reader takes for the Latin letter (a small part of Unicode TR39, and pairs of letters): of
# Cyrillic, Greek and Armenian, of the phonetic letters, digits and signs.
_DRAWN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u04bb\u04cf\u0578\u057d\u03bd"
    "\u03b1\u03bf\u03bd\u03b9\u03ba\u03c1\u03c4\u03c5\u03c7\u043e\u0585\u03bf\u00f8"
    "\u0131\u0269\u026a\u029f\u0251\u0261\u01bd\u028b\u0274\u0280"
    "0135$|!",
    "aeopcxyijsdhlnuvaovikptuxooooiiilagsunrolessli",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
NEAR_LENGTH_MIN = 6


def host_shown(host: str) -> str:
    """A host as people see it: punycode (RFC 5891) decoded, where it can be.

    >>> host_shown("xn--pple-43d.com")
    'аpple.com'
    """
    labels = []
    for label in host.split("."):
        try:
            labels.append(idna.decode(label) if label.startswith("xn--") else label)
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return ".".join(labels)


def drawn(name: str) -> str:
    """What a name looks like: accents off, letters that look alike the same, signs between words gone.

    >>> drawn("еxamp1e-Finance"), drawn("exarnple")
    ('examplefinance', 'example')
    """
    plain = unicodedata.normalize("NFKD", name.lower())
    bare = "".join(one for one in plain if not unicodedata.combining(one)).translate(_DRAWN)
    for pair, letter in _PAIRS:
        bare = bare.replace(pair, letter)
    return "".join(one for one in bare if one.isalnum())


def looks_like(name: str, ours: Iterable[str]) -> str | None:
    """Which of our names a foreign one is drawn to be taken for; None where it looks like none.

    >>> looks_like("secure-examp1e-finance", ["example-finance"]), looks_like("weather", ["example-finance"])
    ('example-finance', None)
    """
    shown = drawn(name)
    for one in ours:
        wanted = drawn(one)
        if len(wanted) < NEAR_LENGTH_MIN:
            if shown == wanted:
                return one
        elif wanted in shown or _near(shown, wanted):
            return one
    return None


def _near(left: str, right: str) -> bool:
    """Whether so few slips lie between two names that the eye skips them: one, of long names two."""
    slips = 2 if len(right) >= 2 * NEAR_LENGTH_MIN else 1
    return abs(len(left) - len(right)) <= slips and _slips(left, right) <= slips


def _slips(left: str, right: str) -> int:
    """Letters changed, added, left out or swapped with their neighbour (optimal string alignment)."""
    older: list[int] = []
    above = list(range(len(right) + 1))
    for row, mine in enumerate(left, 1):
        line = [row]
        for column, theirs in enumerate(right, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (mine != theirs))
            swapped = row > 1 and column > 1 and mine == right[column - 2] and left[row - 2] == theirs
            line.append(min(cost, older[column - 2] + 1) if swapped else cost)
        older, above = above, line
    return above[-1]
