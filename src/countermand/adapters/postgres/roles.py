"""The roles in the database: what the app may do, what a reader may do, and the owner who becomes them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import asyncpg

from countermand.adapters.postgres.queries import Queries
from countermand.kernel.errors import SetupError

APP = "countermand_app"
READER = "countermand_reader"
GROUPS = (APP, READER)

QUERIES = Queries("migrations.sql")


def grants_sql(owner: str) -> str:
    """What an administrator runs once, where the owner role may not create roles itself."""
    name = '"' + owner.replace('"', '""') + '"'
    lines = [f"CREATE ROLE {group} NOLOGIN;" for group in GROUPS]
    lines.append(f"GRANT {', '.join(GROUPS)} TO {name};")
    return "\n".join(lines)


async def ensure_roles(connection: asyncpg.Connection[Any]) -> None:
    """Create the group roles where they are missing, and let the connected role become them.

    Raises SetupError `database_roles_missing`, whose text carries the statements for an administrator.
    """
    set_privilege = "SET" if connection.get_server_version().major >= 16 else "MEMBER"
    try:
        for role in [row["wanted"] for row in await connection.fetch(QUERIES.missing_roles, list(GROUPS))]:
            # Another database of this server may be migrated at the same time.
            with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                await connection.execute(f"CREATE ROLE {role} NOLOGIN")
        for role in GROUPS:
            if not await connection.fetchval(QUERIES.is_member_of, role, set_privilege):
                await connection.execute(f"GRANT {role} TO CURRENT_USER")
    except asyncpg.InsufficientPrivilegeError as error:
        raise roles_missing(await connection.fetchval("SELECT current_user")) from error


def roles_missing(owner: str) -> SetupError:
    """The refusal that tells an administrator what to run."""
    statements = grants_sql(owner)
    return SetupError(
        "database_roles_missing",
        f"The role '{owner}' cannot set up the roles Countermand works with. An administrator of the server "
        f"runs this once (`countermand db grants` prints it):\n{statements}",
        f"角色“{owner}”无权建立 Countermand 所需的角色。请数据库管理员执行一次以下语句"
        f"（`countermand db grants` 会输出这些语句）：\n{statements}",
        owner=owner,
        statements=statements,
    )
