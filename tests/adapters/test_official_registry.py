"""Goal: the registry is checked by anybody, offline, and one changed bit is found.

Peer: joserfc verifies what PyJWT signed.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import msgspec
import pytest
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet

from countermand.app.official import check_signed_registry, open_official_channels
from countermand.kernel.errors import BadRequest, SetupError
from countermand.settings import Settings


def test_another_library_verifies_the_signed_registry(tmp_path: Path) -> None:
    """Ed25519, a key id, and the registry itself as canonical JSON."""
    found = open_official_channels(Settings(data_dir=tmp_path))
    keys = KeySet.import_key_set(json.loads(msgspec.json.encode(found.keys)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA has a newer name (RFC 9864)
        checked = jws.deserialize_compact(found.signed, keys, algorithms=["EdDSA"])
    assert json.loads(checked.payload)["fictional"] is True
    again = open_official_channels(Settings(data_dir=tmp_path))
    assert again.signed == found.signed


@pytest.mark.parametrize("spoiled", ["payload", "key", "unsigned", "junk"])
def test_a_forged_registry_is_refused(spoiled: str, tmp_path: Path) -> None:
    """Changed, signed by somebody else, not signed at all, or nothing of the kind."""
    mine = open_official_channels(Settings(data_dir=tmp_path / "mine"))
    other = open_official_channels(Settings(data_dir=tmp_path / "other"))
    head, body, signature = mine.signed.split(".")
    text = {
        "payload": f"{head}.{body[:-8]}AAAA{body[-4:]}.{signature}",
        "key": other.signed,
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "junk": "junk",
    }[spoiled]
    signed, keys = tmp_path / "registry.jws", tmp_path / "keys.json"
    keys.write_bytes(msgspec.json.encode(mine.keys))
    signed.write_text(mine.signed, encoding="utf-8")
    assert check_signed_registry(signed, keys).registry == mine.registry
    signed.write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match="registry_forged"):
        check_signed_registry(signed, keys)


def test_a_registry_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With its path, at the start."""
    with pytest.raises(SetupError, match="official_channels_refused"):
        open_official_channels(Settings(data_dir=tmp_path, official_channels=tmp_path / "none.yaml"))
