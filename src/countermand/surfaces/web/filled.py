"""What people typed into a form: read once, bounded, and shown to them again when it was not enough."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from litestar.datastructures import UploadFile

from countermand.kernel.errors import CountermandError
from countermand.kernel.text import Text
from countermand.surfaces.http.page_safety import TYPED_CHARACTERS_MAX
from countermand.surfaces.http.report_messages import TEXT_CHARACTERS_MAX
from countermand.surfaces.web.answers import Asked

FIELD_CHARACTERS_MAX = 254
CREDENTIAL_CHARACTERS_MAX = 32 * 1024
# What people write, and what an institution signs (a JWT).
_LONG = frozenset({"text", "grounds", "value", "token"})


@dataclass(slots=True)
class Filled:
    """The fields as they came, what is wrong with which, and what is wrong with the whole."""

    values: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Text] = field(default_factory=dict)
    fault: Text | None = None

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong(self, name: str, en: str, zh: str) -> None:
        """Mark a field; the first reason stays."""
        self.faults.setdefault(name, Text(en=en, zh=zh))

    def refuse(self, error: CountermandError) -> None:
        """What a story refused, at its field where the form has one, else above the form."""
        name = str(error.details.get("field") or "")
        if name in self.values:
            self.faults.setdefault(name, error.text)
        else:
            self.fault = error.text


async def typed(request: Asked, *names: str) -> list[str]:
    """Fields exactly as they were typed, blanks and all: a password is not trimmed.

    What is missing is empty, what is longer than anything that is asked for is cut.
    """
    form = await request.form()
    found = (form.get(name) for name in names)
    return [one[:TYPED_CHARACTERS_MAX] if isinstance(one, str) else "" for one in found]


async def typed_credential(request: Asked) -> dict[str, Any] | None:
    """What a passkey answered, as the browser gives it; None where it gave nothing that can be read."""
    given = (await request.form()).get("credential")
    try:
        shown = json.loads(given[:CREDENTIAL_CHARACTERS_MAX]) if isinstance(given, str) else None
    except (ValueError, RecursionError):
        return None
    return shown if isinstance(shown, dict) else None


async def filled(request: Asked) -> Filled:
    r"""The text fields of a form, trimmed, without what cannot be kept, each cut at what it may hold.

    >>> _kept("name", " a\x00b ")
    'ab'
    """
    form = await request.form()
    return Filled(
        {
            str(name): _kept(str(name), str(value))
            for name, value in form.multi_items()
            if not isinstance(value, UploadFile)
        }
    )


def _kept(name: str, value: str) -> str:
    most = TEXT_CHARACTERS_MAX if name in _LONG else FIELD_CHARACTERS_MAX
    plain = value.replace("\x00", "").encode("utf-8", "replace").decode()
    return plain.strip()[:most]
