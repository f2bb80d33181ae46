"""Which system user runs PostgreSQL, and what that user can reach: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import structlog

from countermand.kernel.errors import SetupError

PRODUCT_USER = "countermand"
USERADD_SECONDS_MAX = 30
COMMAND_SECONDS_MAX = 120

log = structlog.get_logger(__name__)


class SystemUser(NamedTuple):
    """The user a server program runs as."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        """Whether no change of user is needed."""
        return self.uid == os.geteuid()

    def run(
        self, command: list[str], seconds_max: float = COMMAND_SECONDS_MAX
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end as this user, in `/` and with a clean environment (no PG* variables)."""
        return subprocess.run(
            command,
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds_max,
            check=False,
            user=None if self.is_us else self.uid,
            group=None if self.is_us else self.gid,
            extra_groups=None if self.is_us else [],
        )

    def own(self, path: Path) -> None:
        """Give a file or directory to this user; a no-op when it is ours already."""
        if not self.is_us:
            os.chown(path, self.uid, self.gid)


def clean_environment() -> dict[str, str]:
    """What PostgreSQL programs see: inherited PGDATA, PGPORT or locale must not steer a private server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def choose_user(cluster: Path) -> SystemUser:
    """Whoever owns the existing cluster; else ourselves; else, for root, an unprivileged user.

    Root looks for `countermand`, then `postgres`, then creates `countermand`, then falls back on `nobody`.

    Raises SetupError `database_foreign_cluster` when the cluster belongs to somebody else.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise _foreign(cluster, owner)
        return _user_of(os.geteuid())
    if owner:
        return _user_of(owner)
    for name in (PRODUCT_USER, "postgres"):
        if (user := _user_named(name)) is not None:
            return user
    created = _created_user() or _user_named("nobody")
    if created is None or created.uid == 0:
        raise SetupError(
            "database_no_user",
            "PostgreSQL cannot run as root, and no unprivileged system user exists or could be created. "
            f"Create one: useradd --system --no-create-home {PRODUCT_USER}",
            "PostgreSQL 不能以 root 身份运行，且没有可用的非特权系统用户，也无法创建。"
            f"请先创建：useradd --system --no-create-home {PRODUCT_USER}",
        )
    return created


def first_unreachable(user: SystemUser, path: Path) -> Path | None:
    """The first directory on the way to `path` (itself included) which `user` cannot pass, or None.

    Asked of the kernel as that user, so that groups and access control lists count.
    """
    way = [str(step) for step in (*reversed(path.parents), path)]
    script = 'for step; do test -x "$step" || { printf %s "$step"; exit 1; }; done'
    answer = user.run(["/bin/sh", "-c", script, "sh", *way])
    return None if answer.returncode == 0 else Path(answer.stdout or way[0])


def prepare_directory(user: SystemUser, directory: Path, marker: str) -> None:
    """Make `directory` and let `user` pass through it.

    Only directories made here, our own inside the system's temporary folder, and a data directory that is
    empty or carries our `marker` file, get the passing bit for others (names in them stay unreadable);
    anybody else's directory, above all a home, stays as it is.

    Raises SetupError `database_directory_unreachable` naming the directory in the way.
    """
    missing = [step for step in (directory, *directory.parents) if not step.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            "database_directory_unusable",
            f"The data directory {directory} cannot be created: {error.strerror}.",
            f"无法创建数据目录 {directory}：{error.strerror}。",
            directory=str(directory),
        ) from error
    if user.is_us:
        return
    for step in missing:
        step.chmod(0o711)
    if not missing and _is_ours(directory, marker):
        directory.chmod(directory.stat().st_mode | 0o001)
    for step in _own_temporary(directory):
        step.chmod(step.stat().st_mode | 0o001)
    if (obstacle := first_unreachable(user, directory)) is not None:
        raise SetupError(
            "database_directory_unreachable",
            f"PostgreSQL runs as system user '{user.name}', who may not pass {obstacle} on the way to "
            f"{directory}. Choose another data directory (for example /var/lib/countermand), "
            f"or allow it yourself: chmod o+x {obstacle}",
            f"PostgreSQL 以系统用户“{user.name}”运行，该用户无权经过 {obstacle} 到达 {directory}。"
            f"请改用其他数据目录（例如 /var/lib/countermand），或自行放行：chmod o+x {obstacle}",
            directory=str(directory),
            obstacle=str(obstacle),
        )


def _own_temporary(directory: Path) -> list[Path]:
    """The directories on the way that root made inside the temporary folder, as `mktemp -d` does."""
    folder = Path(tempfile.gettempdir()).resolve()
    inside = [step for step in directory.parents if folder in step.parents]
    return [step for step in inside if step.stat().st_uid == os.geteuid()]


def _is_ours(directory: Path, marker: str) -> bool:
    homes = {Path(entry.pw_dir) for entry in pwd.getpwall()}
    if directory in homes:
        return False
    return (directory / marker).exists() or not any(directory.iterdir())


def _user_of(uid: int) -> SystemUser:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # A container may run under a number without a name.
        return SystemUser(str(uid), uid, os.getegid() if uid == os.geteuid() else uid)
    return SystemUser(entry.pw_name, uid, os.getegid() if uid == os.geteuid() else entry.pw_gid)


def _user_named(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(name, entry.pw_uid, entry.pw_gid)


def _created_user() -> SystemUser | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if useradd is None:
        return None
    shell = "/usr/sbin/nologin"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell, PRODUCT_USER]
    answer = subprocess.run(command, capture_output=True, timeout=USERADD_SECONDS_MAX, check=False)
    log.info("database.system_user_created", user=PRODUCT_USER, exit_status=answer.returncode)
    return _user_named(PRODUCT_USER)


def _foreign(cluster: Path, owner: int) -> SetupError:
    name = _user_of(owner).name
    return SetupError(
        "database_foreign_cluster",
        f"The database in {cluster} belongs to system user '{name}'. Start as that user or as root, "
        "or choose another data directory.",
        f"{cluster} 中的数据库属于系统用户“{name}”。请以该用户或 root 启动，或改用其他数据目录。",
        cluster=str(cluster),
        owner=name,
    )
