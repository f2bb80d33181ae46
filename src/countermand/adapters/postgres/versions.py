"""Which PostgreSQL servers we work with."""

from __future__ import annotations

from typing import Any

import asyncpg

from countermand.adapters.postgres.binaries import VERSION_MIN
from countermand.kernel.errors import SetupError


def require_version(connection: asyncpg.Connection[Any]) -> None:
    """Refuse a server we were never tested with.

    Raises SetupError `database_too_old`.
    """
    major = connection.get_server_version().major
    if major < VERSION_MIN:
        raise SetupError(
            "database_too_old",
            f"The server is PostgreSQL {major}; Countermand needs {VERSION_MIN} or later.",
            f"服务器为 PostgreSQL {major}；Countermand 需要 {VERSION_MIN} 或更高版本。",
            found=major,
            needed=VERSION_MIN,
        )
