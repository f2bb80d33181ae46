"""The handle of a person by an identity document: always the same for the same number, and no way back."""

from __future__ import annotations

import hmac
import re
import unicodedata
from hashlib import sha256

from countermand.flows.address_book import Sealer
from countermand.flows.reception import PERSON_KEY
from countermand.kernel.errors import BadRequest

_DOCUMENT = re.compile(r"[0-9A-Z]{5,24}")


def handle_of(vault: Sealer, document: str) -> str:
    """`person-` and 32 hex digits: a keyed digest of the number (HMAC-SHA256, 128 bits of it).

    Raises BadRequest (`invalid_document`) for what cannot be the number of a document.
    """
    plain = unicodedata.normalize("NFKC", document).upper()
    number = "".join(letter for letter in plain if letter not in " -.()/")
    if _DOCUMENT.fullmatch(number) is None:
        raise BadRequest(
            "invalid_document",
            "The number of an identity document has 5 to 24 letters and digits.",
            "证件号码应为5至24位字母或数字。",
            field="document",
        )
    return f"person-{hmac.digest(vault.mac_key(PERSON_KEY), number.encode(), sha256)[:16].hex()}"
