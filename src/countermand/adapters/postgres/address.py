"""Where a private server listens and how its owner logs in, derived from its data directory alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from countermand.adapters.postgres.configuration import PORT
from countermand.adapters.postgres.first_connection import DATABASE, OWNER
from countermand.kernel.errors import SetupError

# sun_path holds 108 bytes with its end; the file is called /.s.PGSQL.5432 and its lock adds .lock.
SOCKET_DIRECTORY_BYTES_MAX = 107 - len(f"/.s.PGSQL.{PORT}.lock")


def dsn_of(password: str, sockets: Path) -> str:
    """The owner's DSN over the private socket."""
    return (
        f"postgresql://{OWNER}:{quote(password)}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={PORT}"
    )


def socket_place(directory: Path) -> Path:
    """Inside the data directory, or where its name is too long for a socket, in the temporary one."""
    place = directory / "sockets"
    if len(os.fsencode(place)) > SOCKET_DIRECTORY_BYTES_MAX:
        mark = hashlib.sha256(os.fsencode(directory)).hexdigest()[:20]
        place = Path(tempfile.gettempdir()) / f"countermand-{mark}"
    return place


def running_dsn(data_directory: Path) -> str | None:
    """The owner's DSN of a server that another process runs under `data_directory`; None where none was made.

    Says nothing about whether it answers: whoever connects will see.

    Raises SetupError `database_directory_unusable` where its password may not be read.
    """
    directory = data_directory.resolve()
    try:
        owner = (directory / "owner.password").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise no_access(directory, error) from error
    return dsn_of(owner, socket_place(directory))


def no_access(directory: Path, error: PermissionError) -> SetupError:
    """The refusal of a data directory that belongs to another user."""
    return SetupError(
        "database_directory_unusable",
        f"No permission for {error.filename} in the data directory {directory}. "
        "Start as the user who made it, or choose another data directory.",
        f"没有权限访问数据目录 {directory} 中的 {error.filename}。请以创建它的用户启动，或改用其他数据目录。",
        directory=str(directory),
    )
