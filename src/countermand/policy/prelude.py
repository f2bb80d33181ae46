"""Values every policy may name that are themselves written in the policy language."""

from __future__ import annotations

import re
from collections.abc import Mapping

PRELUDE_FILE = "(built in)"
MOVEMENT = """
features:
  movement_latitude: {last: latitude, where: movement_located, by: account, over: all}
  movement_longitude: {last: longitude, where: movement_located, by: account, over: all}
  movement_since: {time_since_last: operations, where: movement_located, by: account, over: all}
derive:
  movement_located: latitude IS NOT NULL AND longitude IS NOT NULL
  km_since_last: distance_km(latitude, longitude, movement_latitude, movement_longitude)
  kmh_since_last: km_since_last / (greatest(movement_since, INTERVAL '1 minute') / INTERVAL '1 hour')
"""
_NAMES_MOVEMENT = re.compile(r"\bkmh?_since_last\b")


def with_prelude(files: Mapping[str, str]) -> dict[str, str]:
    """The files, and the built-in definitions they name."""
    if any(_NAMES_MOVEMENT.search(text) for text in files.values()):
        return {**files, PRELUDE_FILE: MOVEMENT}
    return dict(files)
