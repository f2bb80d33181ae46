"""Places in lists that go on from a key: an opaque text for whoever asks for the page behind."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from countermand.kernel.errors import BadRequest


def cursor_of(place: Any) -> str:
    """A place (anything that is JSON) as a text for a URL."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(text: str, form: Any) -> Any:
    """The place of a text. Raises BadRequest (`bad_cursor`) for what is no place of this form."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=form)
    except (ValueError, msgspec.DecodeError):
        raise BadRequest(
            "bad_cursor",
            "This is no place in the list; begin again without it.",
            "游标无效，请从头查询。",
            field="after",
        ) from None
