"""The registry of official channels, read and signed by the settings; and checked from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from countermand.adapters.official_registry import signed_registry, verified_registry
from countermand.adapters.permit_keys import permit_keys
from countermand.confirmation.permits import published
from countermand.flows.official_channels import OfficialChannels
from countermand.intake.official_channels import read_registry
from countermand.kernel.errors import BadRequest, SetupError
from countermand.settings import Settings

FICTIONAL = Path(__file__).parent.parent / "intake_packs" / "official_channels.yaml"
KEY_FILE = "official-channels-key.pem"


def open_official_channels(settings: Settings) -> OfficialChannels:
    """The registry of the settings, or the fictional one that comes with the product, signed.

    Raises SetupError (`official_channels_refused`, `permit_key_unusable`).
    """
    file = settings.official_channels or FICTIONAL
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            "official_channels_refused",
            f"The registry of official channels ({file}) cannot be read: {error}.",
            f"无法读取官方渠道登记表（{file}）：{error}。",
            file=str(file),
        ) from error
    registry = read_registry(file.name, text)
    keys = permit_keys(settings.official_key_file or settings.data_dir / KEY_FILE)
    return OfficialChannels(registry, signed_registry(registry, keys), published(keys))


def check_signed_registry(signed: Path, keys: Path) -> OfficialChannels:
    """A registry from two files that somebody kept, once its signature was checked; asks nobody.

    Raises BadRequest (`registry_forged`, `unreadable_file`), SetupError (`official_channels_refused`).
    """
    try:
        text = signed.read_text(encoding="utf-8").strip()
        known: dict[str, Any] = msgspec.json.decode(keys.read_bytes())
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise BadRequest(
            "unreadable_file", f"A file cannot be read: {error}.", f"无法读取文件：{error}。"
        ) from error
    return OfficialChannels(verified_registry(text, known), text, known)
