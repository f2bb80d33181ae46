"""Where the health of a house is read, from its settings."""

from __future__ import annotations

import shutil
from typing import Any

import asyncpg

from countermand.adapters.postgres.health import PostgresHealth
from countermand.flows.show_health import BANKING, MAIL, READING, SCANNER, WECHAT, HealthDesk
from countermand.settings import Settings


def health_desk(settings: Settings, pool: asyncpg.Pool[Any], *, reads: bool) -> HealthDesk:
    """What is set up, the disk of the data directory, and the database's view; `reads`: pictures are read."""
    named = {
        BANKING: settings.banking,
        MAIL: settings.imap_url,
        WECHAT: settings.wechat_accounts_file,
        SCANNER: settings.virus_scanner,
        READING: reads or None,
        "witness": settings.trust_policy,
        "timestamp": settings.timestamp_authorities,
        "anchor": settings.anchor_url,
    }
    set_up = frozenset(name for name, value in named.items() if value is not None)

    def room() -> tuple[int, int]:
        usage = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else ".")
        return usage.free, usage.total

    return HealthDesk(store=PostgresHealth(pool), set_up=set_up, room=room)
