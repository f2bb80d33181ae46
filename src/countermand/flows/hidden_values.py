"""What a message lets its case be found by: keyed digests of the numbers that masking hides in it."""

from __future__ import annotations

import hmac
from hashlib import sha256

from countermand.cases.ports import HiddenValue
from countermand.flows.address_book import Sealer
from countermand.intake.blind_values import values_of

VALUE_KEY = "message value"
_DIGEST_BYTES = 16


def hidden_values(vault: Sealer, text: str) -> list[HiddenValue]:
    """Digests of the numbers and addresses hidden in a text; never the values."""
    return [HiddenValue(one.kind.value, value_digest(vault, one.text)) for one in values_of(text)]


def value_digest(vault: Sealer, value: str) -> bytes:
    """What a value in its one form is found by, without telling it."""
    return hmac.digest(vault.mac_key(VALUE_KEY), value.encode(), sha256)[:_DIGEST_BYTES]
