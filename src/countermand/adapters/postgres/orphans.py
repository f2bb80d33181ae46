"""What an earlier supervisor left behind: a postmaster still alive, or a lock file of a dead one.

An orphan is stopped, not adopted. It is not our child, so we could neither reap it nor make it die with us,
and it may run other programs, another configuration or another socket directory than we were asked for.
Stopping costs 0.2 seconds; the caller holds the supervisor's lock, so nobody else is served by it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import structlog

from countermand.kernel.errors import SetupError

FAST_SECONDS_MAX = 120.0
IMMEDIATE_SECONDS_MAX = 15.0
_POLL_SECONDS = 0.02

log = structlog.get_logger(__name__)


def stop_orphan(cluster: Path) -> None:
    """Stop the postmaster which `postmaster.pid` names, if it serves this cluster.

    When the number belongs to some other program by now (common after a container restart), the file is
    removed: PostgreSQL would refuse to start because of it, and its check of shared memory protects the
    data all the same.

    Raises SetupError `database_orphan_stays` when the process survives both signals.
    """
    lock_file = cluster / "postmaster.pid"
    pid = _pid_in(lock_file)
    if pid is None:
        return
    if not _is_alive(pid):
        if _is_zombie(pid):  # PostgreSQL takes any number that answers for a living postmaster.
            lock_file.unlink(missing_ok=True)
        return
    serves = _serves(pid, cluster)
    if serves is None:
        return  # Another user's process, which cannot be looked at; PostgreSQL knows what to make of it.
    if not serves:
        log.warning("database.stale_lock_removed", pid=pid)
        lock_file.unlink(missing_ok=True)
        return
    log.warning("database.orphan_found", pid=pid)
    for number, seconds_max in ((signal.SIGINT, FAST_SECONDS_MAX), (signal.SIGQUIT, IMMEDIATE_SECONDS_MAX)):
        if _stopped(pid, number, seconds_max):
            log.info("database.orphan_stopped", pid=pid, signal=number.name)
            return
    raise SetupError(
        "database_orphan_stays",
        f"An earlier PostgreSQL (process {pid}) still serves this data directory and does not stop. "
        "Stop it, then start again.",
        f"先前的 PostgreSQL（进程 {pid}）仍在使用该数据目录且无法停止。请先停止它，再重新启动。",
        pid=pid,
    )


def _stopped(pid: int, number: signal.Signals, seconds_max: float) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    deadline = time.monotonic() + seconds_max
    while _is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _pid_in(lock_file: Path) -> int | None:
    try:
        first = lock_file.read_text().split("\n", 1)[0]
    except OSError:
        return None
    return int(first) if first.isdigit() else None


def _is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie nobody reaps holds no files and counts as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return False


def _serves(pid: int, cluster: Path) -> bool | None:
    """A postmaster's working directory is its cluster; without /proc its command line must name it.

    None when the system does not let us look.
    """
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(cluster)
        except PermissionError:
            return None
        except OSError:
            return False
    command = ["ps", "-o", "command=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return str(cluster) in answer.stdout
