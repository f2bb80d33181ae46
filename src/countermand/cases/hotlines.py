"""Whom else somebody can call: the public hotlines of a jurisdiction, read from its law pack."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text

HOTLINES_FILE: Final = "hotlines.yaml"


class Hotline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number, whose it is, and what for. `confidence` as of clocks: T read, P published page, M memory."""

    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9 +()-]{2,24}$(?!\n)")]
    name: Text
    when: Text
    confidence: Literal["T", "P", "M"]


class _Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hotlines: tuple[Hotline, ...]


def read_hotlines(name: str, text: str) -> tuple[Hotline, ...]:
    """The hotlines of a pack. Raises SetupError (`hotlines_refused`)."""
    try:
        return msgspec.yaml.decode(text, type=_Pack).hotlines
    except (msgspec.MsgspecError, ValueError) as error:
        raise SetupError(
            "hotlines_refused",
            f"The hotlines of the law pack {name} cannot be used: {error}.",
            f"规则包 {name} 的热线无法使用：{error}。",
            pack=name,
        ) from error
