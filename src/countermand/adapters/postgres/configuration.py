"""How the private server is configured: the settings file, rewritten before every start."""

from __future__ import annotations

from pathlib import Path

from countermand.adapters.postgres.binaries import Binaries
from countermand.adapters.postgres.system_user import SystemUser

FILE_NAME = "countermand.conf"
CONNECTIONS_MAX = 60
PORT = 5432

# The log may not hold personal data: no statements, no parameters, and no DETAIL lines (which quote keys).
_FIXED = f"""\
# Written at every start; changes made here are lost.
listen_addresses = ''
port = {PORT}
unix_socket_permissions = 0700
max_connections = {CONNECTIONS_MAX}
password_encryption = 'scram-sha-256'

max_wal_size = '4GB'
min_wal_size = '512MB'
checkpoint_timeout = '15min'
checkpoint_completion_target = 0.9
wal_buffers = '16MB'
synchronous_commit = on

work_mem = '16MB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
jit = off
timezone = 'UTC'

logging_collector = on
log_filename = 'postgres-%a.log'
log_rotation_age = '1d'
log_rotation_size = 0
log_truncate_on_rotation = on
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%a '
log_statement = 'none'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def write_configuration(
    cluster: Path,
    *,
    user: SystemUser,
    sockets: Path,
    logs: Path,
    shared_buffers_mb: int,
    durable: bool,
    wal_compression: str,
) -> None:
    """Write our settings beside the generated ones, and include them last, so that they win."""
    switch = "on" if durable else "off"
    own = _FIXED + (
        f"unix_socket_directories = {_quoted(str(sockets))}\n"
        f"log_directory = {_quoted(str(logs))}\n"
        f"shared_buffers = '{shared_buffers_mb}MB'\n"
        f"wal_compression = {wal_compression}\n"
        f"fsync = {switch}\n"
        f"full_page_writes = {switch}\n"
    )
    target = cluster / FILE_NAME
    target.write_text(own)
    target.chmod(0o600)
    user.own(target)
    main = cluster / "postgresql.conf"
    line = f"include '{FILE_NAME}'"
    text = main.read_text()
    if line not in text.splitlines():
        main.write_text(f"{text.rstrip()}\n\n{line}\n")


def best_wal_compression(binaries: Binaries, user: SystemUser, cluster: Path) -> str:
    """`lz4` where the programs were built with it, else off.

    It shortens the full page images after a checkpoint. The third method, pglz, costs more CPU than the
    bytes are worth on the path of a decision.
    """
    command = [
        str(binaries.postgres),
        "-D",
        str(cluster),
        "-c",
        "wal_compression=lz4",
        "-C",
        "wal_compression",
    ]
    return "lz4" if user.run(command).returncode == 0 else "off"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
