"""What stands in the bundle of a case: documents by their name, and for whose eyes each of them is."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

NAME_CHARACTERS_MAX = 200
# The container's own folders; documents stand elsewhere.
_OWN = frozenset({"META-INF", "entries", "proofs", "objects", "checkpoints"})
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?){0,3}")


class Shown(StrEnum):
    """Whose eyes it is for. court: only in a bundle that two people let go, encrypted to a court's key."""

    EVERYONE = "everyone"
    COURT = "court"


class BundleFile(msgspec.Struct, frozen=True):
    """A document in a bundle: `papers/authorisation-record.pdf`, its media type, its bytes."""

    path: str
    media: str
    content: bytes
    shown: Shown = Shown.EVERYONE

    def __post_init__(self) -> None:
        """Raises ValueError for a path that is no document's: letters, digits and `._-/`, all small."""
        if not is_document(self.path):
            raise ValueError(f"{self.path!r} is no path of a document in a bundle")


def is_document(path: str) -> bool:
    """Whether a document may have this path.

    >>> is_document("papers/timeline.html"), is_document("../timeline.html"), is_document("entries/7.json")
    (True, False, False)
    """
    fits = len(path) <= NAME_CHARACTERS_MAX and _NAME.fullmatch(path) is not None
    return fits and ".." not in path and path.partition("/")[0] not in _OWN
