"""What must not be kept at all: passwords and one-time codes that staff typed while somebody said them."""

from __future__ import annotations

from countermand.intake.found import SECRETS
from countermand.intake.masks import FULL
from countermand.intake.redaction import find


def without_secrets(text: str) -> tuple[str, bool]:
    """The text with stars in their place, and whether there were any; everything else as it was.

    >>> without_secrets("验证码 384756，卡号6222021234567890128")
    ('验证码 ******，卡号6222021234567890128', True)
    """
    secrets = [one for one in find(text) if one.kind in SECRETS]
    for one in reversed(secrets):
        text = f"{text[: one.start]}{FULL}{text[one.end :]}"
    return text, bool(secrets)
