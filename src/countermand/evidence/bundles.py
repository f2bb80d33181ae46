"""What stands in the bundle of a case: its documents, for whose eyes each is, and which exhibits."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from countermand.evidence.exhibits import Exhibit, Standing
from countermand.vocabulary.bundle_names import is_document, media_of


class Shown(StrEnum):
    """Whose eyes it is for. court: only in a bundle that two people let go, encrypted to a court's key."""

    EVERYONE = "everyone"
    COURT = "court"


class Withheld(StrEnum):
    """Why an exhibit's bytes do not stand in a bundle."""

    NOT_FOR_EVERYONE = "not_for_everyone"
    QUARANTINED = "quarantined"
    SHREDDED = "shredded"


class BundleFile(msgspec.Struct, frozen=True):
    """A document in a bundle: `papers/authorisation-record.pdf`, its media type, its bytes."""

    path: str
    media: str
    content: bytes
    shown: Shown = Shown.EVERYONE

    def __post_init__(self) -> None:
        """Raises ValueError for a path that is no document's, or not of this media type."""
        if not is_document(self.path):
            raise ValueError(f"{self.path!r} is no path of a document in a bundle")
        if self.media != media_of(self.path):
            raise ValueError(f"{self.path!r} says by its name that it is no {self.media}")


def withheld(exhibit: Exhibit, shown: Shown) -> Withheld | None:
    """Why the bytes of an exhibit stay out of a bundle that is shown like this; None: they go in."""
    if exhibit.standing is Standing.SHREDDED:
        return Withheld.SHREDDED
    if exhibit.standing is Standing.QUARANTINED:
        return Withheld.QUARANTINED
    return Withheld.NOT_FOR_EVERYONE if shown is Shown.EVERYONE else None
