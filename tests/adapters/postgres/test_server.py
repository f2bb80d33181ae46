"""Goal: the private server loses nothing and has one master. Method: real processes, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest
import structlog

from countermand.adapters.postgres.binaries import find_binaries
from countermand.adapters.postgres.orphans import _is_alive, stop_orphan
from countermand.adapters.postgres.system_user import choose_user
from countermand.kernel.errors import SetupError
from private_servers import LINUX_ONLY, ask, cluster_files, orphan, small, supervise

SYSTEM_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def test_a_first_start_makes_a_private_database(server_directory):
    """Socket only, scram, checksums, UTF-8, an owner who is no superuser, nothing readable by others."""
    with small(server_directory, durable=True) as dsn:
        assert ask(dsn, "SELECT current_user") == "countermand_owner"
        assert not ask(dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        settings = (
            "listen_addresses data_checksums server_encoding fsync max_connections shared_buffers".split()
        )
        found = [ask(dsn, f"SELECT current_setting('{name}')") for name in settings]
        assert found == ["", "on", "UTF8", "on", "60", "16MB"]
        assert ask(dsn, "SELECT lower('ÄÖ') || (U&'\\FF5E' > 'z')") == "äötrue"
        hba = (server_directory / "cluster" / "pg_hba.conf").read_text()
        assert {line.split()[-1] for line in hba.splitlines() if line and line[0] != "#"} == {"scram-sha-256"}
        with pytest.raises(asyncpg.InvalidPasswordError):
            ask(dsn.replace(":", ":x", 2).replace(":x", ":", 1), "SELECT 1")
        for name in ("cluster", "sockets", "logs"):
            assert stat.S_IMODE((server_directory / name).stat().st_mode) == 0o700
        for name in ("owner.password", "superuser.password", "supervisor.lock"):
            assert stat.S_IMODE((server_directory / name).stat().st_mode) == 0o600
        assert not (server_directory / "initdb.password").exists()


def test_start_stop_start_keeps_the_dsn_and_the_rows(made_directory):
    """A stopped server starts again with the same password and all rows; both verbs may be repeated."""
    server = small(made_directory)
    dsn = server.start()
    assert server.start() == dsn
    ask(dsn, "CREATE TABLE kept (n int)")
    server.stop()
    server.stop()
    assert not server.running
    with small(made_directory) as again:
        assert again == dsn
        assert ask(dsn, "SELECT count(*) FROM kept") == 0


@pytest.mark.skipif(not SYSTEM_BINARIES, reason="no PostgreSQL of the system")
def test_the_binaries_are_a_setting_and_the_cluster_remembers_them(server_directory):
    """Programs of the system work too; a cluster made by one version is not opened by another."""
    folder = SYSTEM_BINARIES[-1].parent
    with small(server_directory, binaries=folder) as dsn:
        made_by = int(ask(dsn, "SHOW server_version_num")) // 10_000
    assert made_by == int(folder.parent.name)
    if made_by != find_binaries(None).version:
        with pytest.raises(SetupError) as refusal:
            small(server_directory).start()
        assert refusal.value.code == "database_wrong_version"


def test_a_folder_without_programs_is_refused(server_directory, tmp_path):
    """A wrong setting is reported, not silently replaced by the wheel."""
    with pytest.raises(SetupError) as refusal:
        small(server_directory, binaries=tmp_path).start()
    assert refusal.value.code == "database_no_binaries"
    assert str(tmp_path) in refusal.value.text.zh


def test_a_second_supervisor_is_refused(made_directory):
    """One data directory, one supervisor; the first goes on undisturbed, and after it another may start."""
    with small(made_directory) as dsn:
        with pytest.raises(SetupError) as refusal:
            small(made_directory).start()
        assert refusal.value.code == "database_locked"
        assert str(os.getpid()) in refusal.value.text.en
        assert ask(dsn, "SELECT 1") == 1
    with small(made_directory) as dsn:
        assert ask(dsn, "SELECT 1") == 1


def test_kill_9_of_postgres_loses_no_committed_row(made_directory):
    """After kill -9 of the postmaster amid writing, a start recovers all that was acknowledged."""
    server = small(made_directory, durable=True)
    dsn = server.start()
    postmaster = server.pid
    assert postmaster is not None

    async def write_until_killed() -> int:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE kept (n int PRIMARY KEY)")
        acknowledged = 0
        try:
            while acknowledged < 100_000:
                first = acknowledged + 1
                await connection.execute(
                    "INSERT INTO kept SELECT generate_series($1::int, $2)", first, first + 99
                )
                acknowledged += 100
                if acknowledged == 5_000:
                    os.kill(postmaster, signal.SIGKILL)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            pass  # The driver has many words for a connection that went away.
        return acknowledged

    acknowledged = asyncio.run(write_until_killed())
    assert 5_000 <= acknowledged < 100_000
    dsn = server.start()
    kept = ask(dsn, "SELECT count(*) FROM kept")
    server.stop()
    assert acknowledged <= kept <= acknowledged + 100
    assert kept % 100 == 0


@LINUX_ONLY
def test_kill_9_of_the_supervisor_takes_postgres_along_and_a_new_one_takes_over(made_directory):
    """The server shuts down cleanly with its killed supervisor, and the next start has every row."""
    supervisor, said = supervise(made_directory)
    postmaster = int(said[2])
    supervisor.kill()
    supervisor.wait()
    supervisor.stdin.close()
    supervisor.stdout.close()
    with small(made_directory) as dsn:
        assert ask(dsn, "SELECT count(*) FROM kept") == 1000
        assert not _is_alive(postmaster)
    assert "not properly shut down" not in cluster_files(made_directory)


def test_an_orphan_postmaster_is_stopped_and_replaced(made_directory):
    """A postmaster that outlived its supervisor is stopped, although nobody reaps it, and ours takes over."""
    server = small(made_directory)
    ask(server.start(), "CREATE TABLE kept (n int)")
    server.stop()
    left = orphan(made_directory, choose_user(made_directory / "cluster"))
    with structlog.testing.capture_logs() as logged, small(made_directory) as dsn:
        assert ask(dsn, "SELECT count(*) FROM kept") == 0
    assert left.wait(5) == 0
    assert [line["event"] for line in logged][:2] == ["database.orphan_found", "database.orphan_stopped"]


def test_a_lock_file_with_somebody_elses_number_does_not_block(made_directory):
    """After a restart of a container the old number may belong to another program; that one is left alone."""
    server = small(made_directory)
    server.start()
    server.stop()
    cluster = made_directory / "cluster"
    user = choose_user(cluster)
    stranger = subprocess.Popen(["/bin/sleep", "60"], **({} if user.is_us else {"user": user.uid}))
    lock_file = cluster / "postmaster.pid"
    lock_file.write_text(f"{stranger.pid}\n{cluster}\n1\n5432\n\n\n\nready\n")
    user.own(lock_file)
    with small(made_directory) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_dead_number_in_the_lock_file_is_no_orphan(tmp_path):
    """A lock file of a process that is gone is left to PostgreSQL itself."""
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    (tmp_path / "postmaster.pid").write_text(f"{gone.pid}\n")
    stop_orphan(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


@LINUX_ONLY
def test_a_zombie_does_not_block(tmp_path):
    """Where nobody reaps orphans, PostgreSQL would take a dead postmaster for a living one for ever."""
    zombie = subprocess.Popen(["/bin/true"])
    while _is_alive(zombie.pid):
        time.sleep(0.01)
    (tmp_path / "postmaster.pid").write_text(f"{zombie.pid}\n")
    stop_orphan(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()
    zombie.wait()


def test_no_password_is_ever_logged(server_directory):
    """Neither our log, nor PostgreSQL's, nor the server's repr holds a password or the DSN."""
    with structlog.testing.capture_logs() as logged:
        server = small(server_directory)
        dsn = server.start()
        with pytest.raises(asyncpg.UndefinedTableError):
            ask(dsn, "SELECT 'personal data' FROM nowhere")
        server.stop()
    passwords = [
        (server_directory / f"{name}.password").read_text().strip() for name in ("owner", "superuser")
    ]
    written = cluster_files(server_directory) + repr(logged) + repr(server)
    assert passwords[0] in dsn
    assert "database.started" in written
    assert "nowhere" in written
    for secret in (*passwords, dsn, "personal data", "SCRAM-SHA-256$"):
        assert secret not in written


def test_a_long_data_directory_still_gets_a_socket(server_directory):
    """A path longer than a socket address may be gets its private socket directory elsewhere."""
    deep = server_directory / ("long" * 30)
    deep.mkdir()
    server_directory.chmod(0o711)
    with small(deep) as dsn:
        assert ask(dsn, "SELECT 1") == 1
    elsewhere = Path(tempfile.gettempdir())
    (place,) = [path for path in elsewhere.glob("countermand-*") if path.name in dsn]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    place.rmdir()


async def test_it_starts_inside_a_running_event_loop(made_directory):
    """The start blocks, but works where a loop runs already."""
    server = small(made_directory)
    try:
        connection = await asyncpg.connect(server.start())
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    finally:
        server.stop()
