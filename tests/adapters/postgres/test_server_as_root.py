"""Goal: root and ordinary users get a database, and no home is opened up. Method: real users and modes."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from countermand.adapters.postgres.binaries import find_binaries
from countermand.adapters.postgres.system_user import SystemUser, choose_user
from countermand.kernel.errors import SetupError
from private_servers import PACKAGES, ROOT_ONLY, SOURCE, ask, small, supervise


@ROOT_ONLY
def test_root_gives_the_work_to_an_unprivileged_user(made_directory):
    """Started by root, no process of PostgreSQL is root's."""
    server = small(made_directory)
    server.start()
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    server.stop()


@ROOT_ONLY
def test_an_unprivileged_user_needs_no_root(server_directory):
    """Started by an ordinary user, the server runs as that user."""
    user = choose_user(server_directory / "cluster")
    python = _python_for(user)
    os.chown(server_directory, user.uid, user.gid)
    supervisor, said = supervise(server_directory, python, user=user.uid, group=user.gid, extra_groups=[])
    assert said[1] == str(user.uid)
    supervisor.communicate("")
    assert supervisor.returncode == 0
    assert (server_directory / "cluster").stat().st_uid == user.uid


def _python_for(user: SystemUser) -> str:
    """An interpreter with our libraries which the user may run (ours may lie in root's home)."""
    minor = f"python3.{sys.version_info.minor}"
    for python in filter(None, (sys.executable, shutil.which(minor, path="/usr/local/bin:/usr/bin"))):
        check = (
            f"import sys; sys.path[:0] = {[str(SOURCE), str(PACKAGES)]}; import asyncpg, countermand, msgspec"
        )
        try:
            if user.run([python, "-c", check]).returncode == 0:
                return python
        except PermissionError:
            continue
    pytest.skip("no Python which an unprivileged user can run")


@ROOT_ONLY
def test_our_own_temporary_directories_are_opened_for_passing(server_directory):
    """`mktemp -d` makes directories nobody else may enter; a server below one starts all the same."""
    private = server_directory / "made-by-mktemp"
    private.mkdir(mode=0o700)
    server_directory.chmod(0o700)
    with small(private / "data") as dsn:
        assert dsn
    assert stat.S_IMODE(private.stat().st_mode) == 0o701


@ROOT_ONLY
def test_a_directory_in_the_way_is_named_and_left_as_it_is(server_directory):
    """A private parent directory stays private; the refusal names it and the remedy, in both languages."""
    private = server_directory / "home"
    private.mkdir(mode=0o700)
    os.chown(private, 65534, 65534)
    server_directory.chmod(0o711)
    with pytest.raises(SetupError) as refusal:
        small(private / "data").start()
    assert refusal.value.code == "database_directory_unreachable"
    assert refusal.value.details["obstacle"] == str(private)
    assert f"chmod o+x {private}" in refusal.value.text.en
    assert f"chmod o+x {private}" in refusal.value.text.zh
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@ROOT_ONLY
def test_programs_in_a_private_home_are_copied(server_directory):
    """Where the system user cannot reach the programs they are copied into the data directory, once."""
    home = server_directory / "home"
    home.mkdir(mode=0o700)
    package = find_binaries(None).folder.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, home / part.name, symlinks=True)
    data = server_directory / "data"
    server_directory.chmod(0o711)
    for _ in range(2):
        with small(data, binaries=home / package.name / "pginstall" / "bin") as dsn:
            assert ask(dsn, "SELECT 1") == 1
    (copy,) = (data / "binaries").iterdir()
    assert (copy / package.name / "pginstall" / "bin" / "postgres").is_file()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@ROOT_ONLY
def test_somebody_elses_data_directory_is_a_clear_refusal(made_directory):
    """An ordinary user who points at a database of another user is told whose it is."""
    owner = (made_directory / "cluster").stat().st_uid
    code = f"""
import os, pwd; os.setgid(65534); os.setuid(65534 if {owner} != 65534 else 65533)
from countermand.kernel.errors import SetupError
try:
    PrivateServer(Path({str(made_directory)!r})).start()
except SetupError as error:
    print(error.code)
"""
    head = "from pathlib import Path; from countermand.adapters.postgres.server import PrivateServer\n"
    command = [sys.executable, "-c", head + code]
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}:{PACKAGES}"}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert answer.stdout.strip() == "database_foreign_cluster"
